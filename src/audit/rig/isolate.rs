//! A network of our own: loopback, and nothing beyond it.
//!
//! The whole process moves there, servers and clients alike, so nothing has to be handed across; it must be asked for
//! while the process has one thread. A user namespace lends the right to do so to whoever has it not, and maps its user
//! to itself: the client runs as who it was.

/// Why there is no network of our own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotIsolated(String);

/// Moves this process, which has one thread, into a network with loopback only.
#[cfg(target_os = "linux")]
pub fn enter() -> Result<(), NotIsolated> {
    use nix::sched::{CloneFlags, unshare};

    let refused = |what: &str, error: &dyn std::fmt::Display| NotIsolated(format!("{what}: {error}"));
    if unshare(CloneFlags::CLONE_NEWNET).is_err() {
        let (user, group) = (rustix::process::getuid(), rustix::process::getgid());
        unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET)
            .map_err(|error| refused("the system gives no network namespace", &error))?;
        let write = |file: &str, text: String| {
            std::fs::write(format!("/proc/self/{file}"), text)
                .map_err(|error| refused(&format!("/proc/self/{file}"), &error))
        };
        // user_namespaces(7): without setgroups being given up, no group may be mapped.
        write("setgroups", "deny".to_owned())?;
        write("uid_map", format!("{0} {0} 1", user.as_raw()))?;
        write("gid_map", format!("{0} {0} 1", group.as_raw()))?;
    }
    raise_loopback().map_err(|error| refused("loopback cannot be raised", &error))
}

/// There is none to be had.
#[cfg(not(target_os = "linux"))]
pub fn enter() -> Result<(), NotIsolated> {
    Err(NotIsolated("only Linux has network namespaces".to_owned()))
}

/// Sets IFF_UP of the loopback interface by one netlink message (rtnetlink(7)).
#[cfg(target_os = "linux")]
fn raise_loopback() -> std::io::Result<()> {
    use rustix::net::netlink::SocketAddrNetlink;
    use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

    const RTM_NEWLINK: u16 = 16;
    const NLM_F_REQUEST: u16 = 1;
    const NLM_F_ACK: u16 = 4;
    const NLMSG_ERROR: u16 = 2;
    const IFF_UP: u32 = 1;
    /// Loopback is the first interface of every network namespace.
    const LOOPBACK: i32 = 1;
    const LENGTH: u32 = 32;

    let socket = rustix::net::socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        None, // NETLINK_ROUTE, which is 0
    )?;
    let mut message = Vec::new();
    // struct nlmsghdr: length, type, flags, sequence number, port.
    message.extend(LENGTH.to_ne_bytes());
    message.extend(RTM_NEWLINK.to_ne_bytes());
    message.extend((NLM_F_REQUEST | NLM_F_ACK).to_ne_bytes());
    message.extend(1_u32.to_ne_bytes());
    message.extend(0_u32.to_ne_bytes());
    // struct ifinfomsg: family and padding, type, index, flags, which of them change.
    message.extend([0; 4]);
    message.extend(LOOPBACK.to_ne_bytes());
    message.extend(IFF_UP.to_ne_bytes());
    message.extend(IFF_UP.to_ne_bytes());
    rustix::net::sendto(&socket, &message, SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    let mut answer = [0; 1024];
    let (_, length) = rustix::net::recv(&socket, answer.as_mut_slice(), RecvFlags::empty())?;
    // The answer is an error message whose number is 0 where all is well.
    match answer.get(..length) {
        Some([_, _, _, _, a, b, _, _, _, _, _, _, _, _, _, _, number @ ..])
            if u16::from_ne_bytes([*a, *b]) == NLMSG_ERROR && number.len() >= 4 =>
        {
            match i32::from_ne_bytes([number[0], number[1], number[2], number[3]]) {
                0 => Ok(()),
                number => Err(std::io::Error::from_raw_os_error(-number)),
            }
        }
        _ => Err(std::io::Error::other("the kernel's answer cannot be read")),
    }
}
