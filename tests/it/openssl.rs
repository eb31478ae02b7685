//! openssl as a peer.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::Stdio;

use crate::lab::{Killed, Lab};

/// Makes `cert.pem` and `clearkey.pem` with openssl, as the lab sheet does.
pub(crate) fn certificate(lab: &Lab) {
    let arguments = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout clearkey.pem -out cert.pem \
                     -days 30 -subj /C=AU/O=Test/CN=www.test.org";
    lab.run("openssl", arguments.split(' ').filter(|word| !word.is_empty())).success();
}

/// `openssl s_server`, on a port that the system chose.
pub(crate) struct OpensslServer {
    _child: Killed,
    address: SocketAddr,
}

impl OpensslServer {
    /// Its address, as a command-line word.
    pub(crate) fn to_word(&self) -> String {
        self.address.to_string()
    }
}

/// Starts it with the certificate of [`certificate`] and `arguments`; it answers each line reversed.
pub(crate) fn server(lab: &Lab, arguments: &[&str]) -> OpensslServer {
    let own = ["-cert", "cert.pem", "-key", "clearkey.pem", "-rev"];
    s_server(lab, &[&own[..], arguments].concat())
}

/// Starts it with these arguments alone; ready when this returns.
pub(crate) fn s_server(lab: &Lab, arguments: &[&str]) -> OpensslServer {
    let mut command = lab.command("openssl");
    command.args(["s_server", "-accept", "127.0.0.1:0"]);
    let mut child = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    // It says `ACCEPT 127.0.0.1:41234` once it listens.
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let line = lines.find(|line| line.starts_with("ACCEPT ")).expect("openssl s_server listens");
    let address = line["ACCEPT ".len()..].trim().parse().unwrap_or_else(|_| panic!("no address in {line:?}"));
    std::thread::spawn(move || lines.for_each(drop));
    OpensslServer { _child: Killed(child), address }
}
