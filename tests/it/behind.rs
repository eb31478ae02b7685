//! tlslab between haproxy and nginx: before them they read the PROXY header, behind haproxy several tlslab are one server.

use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::time::Instant;

use crate::lab::{FUSE, Killed, Lab, Server, peer, run_with_input};
use crate::tickets::{lab, resumed};

/// Starts a program that serves at a socket of the folder; it does when this returns.
fn daemon(lab: &Lab, program: &str, arguments: &[&str], socket: &str) -> Killed {
    let mut command = lab.command(program);
    let child = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::inherit()).spawn();
    let mut daemon = Killed(child.expect("the daemon"));
    let until = Instant::now() + FUSE;
    while UnixStream::connect(lab.file(socket)).is_err() {
        let ended = daemon.try_wait().expect("its state");
        assert!(ended.is_none() && Instant::now() < until, "{program} does not serve: {ended:?}");
        std::thread::yield_now();
    }
    daemon
}

/// What openssl is answered, and the address that the server saw it come from.
fn asked(lab: &Lab, server: &mut Server) -> (String, String) {
    let mut openssl = lab.command("openssl");
    openssl.args(["s_client", "-quiet", "-connect", &server.to_word(), "-servername", "www.test.org"]);
    let shown = run_with_input(&mut openssl, b"GET / HTTP/1.0\r\n\r\n").stdout;
    let line = server.wait_for(": closed by ");
    (shown, line.split("  ").next().expect("a peer").replace(':', " "))
}

#[test]
fn haproxy_reads_who_the_client_is_and_whom_it_asked_for() {
    if !(peer("haproxy") && peer("openssl")) {
        return;
    }
    let lab = lab();
    let socket = lab.file("back.sock");
    lab.write(
        "haproxy.cfg",
        format!(
            "defaults\n mode http\n timeout client 60s\nfrontend back\n bind unix@{} accept-proxy\n http-request return \
             status 200 content-type text/plain lf-string \"seen %[src] %[src_port] %[fc_pp_authority].\"\n",
            socket.display()
        ),
    );
    // Its readiness is asked for without a header, which it takes for a broken client.
    let _haproxy = daemon(&lab, "haproxy", &["-db", "-q", "-f", "haproxy.cfg"], "back.sock");
    let target = format!("unix:{}", socket.display());
    let mut server = lab.serve(&["--forward", &target, "--proxy-protocol", "v2"]);
    let (shown, client) = asked(&lab, &mut server);
    assert!(shown.contains(&format!("seen {client} www.test.org.")), "{client}\n{shown}");
}

#[test]
fn nginx_reads_who_the_client_is() {
    if !(peer("nginx") && peer("openssl")) {
        return;
    }
    let lab = lab();
    let socket = lab.file("back.sock");
    lab.write(
        "nginx.conf",
        format!(
            "daemon off; master_process off; pid nginx.pid; error_log stderr crit; events {{}} http {{ access_log off; server {{ listen \
             unix:{} proxy_protocol; location / {{ return 200 'seen $proxy_protocol_addr $proxy_protocol_port.'; }} }} }}\n",
            socket.display()
        ),
    );
    let prefix = format!("{}/", lab.path().display());
    let arguments = ["-p", &prefix, "-e", "stderr", "-c", "nginx.conf"];
    let _nginx = daemon(&lab, "nginx", &arguments, "back.sock");
    let target = format!("unix:{}", socket.display());
    let mut server = lab.serve(&["--forward", &target, "--proxy-protocol", "v2"]);
    let (shown, client) = asked(&lab, &mut server);
    assert!(shown.contains(&format!("seen {client}.")), "{client}\n{shown}");
}

#[test]
fn two_instances_behind_haproxy_resume_each_other_s_sessions() {
    if !(peer("haproxy") && peer("openssl")) {
        return;
    }
    let lab = lab();
    let instance = || lab.serve(&["--www", "--ticket-key", "one.key"]);
    let (one, two) = (instance(), instance());
    let front = lab.file("front.sock");
    lab.write(
        "haproxy.cfg",
        format!(
            "defaults\n mode tcp\n timeout connect 10s\n timeout client 60s\n timeout server 60s\nfrontend tls\n bind \
             unix@{}\n default_backend tlslab\nbackend tlslab\n balance roundrobin\n server one {}\n server two {}\n",
            front.display(),
            one.address(),
            two.address(),
        ),
    );
    let _haproxy = daemon(&lab, "haproxy", &["-db", "-q", "-f", "haproxy.cfg"], "front.sock");
    let front = front.display().to_string();
    for version in ["-tls1_2", "-tls1_3"] {
        let _ = std::fs::remove_file(lab.file("session.pem"));
        assert!(!resumed(&lab, &["-unix", &front], version), "there is no session yet");
        for _ in 0..4 {
            assert!(resumed(&lab, &["-unix", &front], version), "at whichever it came to");
        }
    }
    // Both had a share of it: five connections of each version, in turns.
    for server in [one, two] {
        let (_, heard) = server.stop();
        assert!(heard.matches(" resumed  sni ").count() >= 3, "{heard}");
    }
}
