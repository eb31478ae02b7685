//! Other people's servers, each in the configurations that a judge has to tell apart.

use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Instant;

use super::beside;
use crate::lab::{FUSE, Killed, Lab, Server, peer, run};
use crate::openssl::{OpensslServer, s_server};
use crate::oracle::free_port;
use crate::peers::{later_node, python_module};

/// One server in one configuration, and what has to be found of it.
pub(super) struct Subject {
    /// As a table names it.
    pub(super) name: &'static str,
    /// Whose it is, and how it is set up.
    pub(super) how: How,
    /// The versions that it speaks.
    pub(super) versions: &'static [&'static str],
    /// The checks of profile `rfc` that fail, in the order of the checks.
    pub(super) failures: &'static [&'static str],
}

/// Whose server, and how it is set up.
#[derive(Clone, Copy)]
pub(super) enum How {
    /// `openssl s_server` with these arguments, and the certificate of this folder.
    Openssl(&'static str, &'static [&'static str]),
    /// nginx with these directives.
    Nginx(&'static str),
    /// Apache with these directives.
    Apache(&'static str),
    /// HAProxy with these words behind `bind`.
    Haproxy(&'static str),
    /// stunnel with these options.
    Stunnel(&'static str),
    /// gnutls-serv with this priority string.
    Gnutls(&'static str),
    /// A few lines for a language that brings its own TLS, beside this file.
    Lines(&'static str, &'static str),
    /// Node on OpenSSL 3.5, with these groups alone.
    LaterNode(&'static str),
    /// tlslite-ng with what attacked.py understands.
    Tlslite(&'static str),
    /// `tlslab serve` with these arguments.
    Ourselves(&'static [&'static str]),
}

/// A server that runs. Stopped when dropped.
pub(super) enum Running {
    /// It says on which port it listens.
    Said(Server),
    /// `openssl s_server`, which says so in its own way.
    Openssl(OpensslServer),
    /// It was told.
    Told(Told),
}

/// A process that was told its port.
pub(super) struct Told {
    child: Killed,
    address: String,
}

impl Running {
    pub(super) fn address(&self) -> String {
        match self {
            Self::Said(server) => server.to_word(),
            Self::Openssl(server) => server.to_word(),
            Self::Told(told) => told.address.clone(),
        }
    }
}

impl How {
    /// The server, ready; nothing where the peer is missing, which has been said.
    #[track_caller]
    pub(super) fn start(self, lab: &Lab) -> Option<Running> {
        Some(match self {
            Self::Openssl(certificate, arguments) => {
                Running::Openssl(peer("openssl").then(|| openssl(lab, certificate, arguments))?)
            }
            Self::Nginx(directives) => Running::Told(peer("nginx").then(|| nginx(lab, directives))?),
            Self::Apache(directives) => Running::Told(peer("apache2").then(|| apache(lab, directives))?),
            Self::Haproxy(words) => Running::Told(peer("haproxy").then(|| haproxy(lab, words))?),
            Self::Stunnel(options) => Running::Told(peer("stunnel").then(|| stunnel(lab, options))?),
            Self::Gnutls(priority) => Running::Told(peer("gnutls-serv").then(|| gnutls(lab, priority))?),
            Self::Lines("java", file) => {
                if !(peer("java") && peer("openssl")) {
                    return None;
                }
                let export = ["pkcs12", "-export", "-in", "cert.pem", "-inkey", "clearkey.pem"];
                let store = ["-out", "server.p12", "-passout", "pass:words"];
                lab.run("openssl", export.iter().chain(&store)).success();
                let mut command = lab.command("java");
                Running::Said(Server::start(command.arg(beside(file)).args(["server.p12", "words"])))
            }
            Self::Lines("go", file) => {
                peer("go").then_some(())?;
                // `go run` would leave the server behind when it is killed itself.
                run(lab.command("go").args(["build", "-o", "server"]).arg(beside(file))).success();
                let mut command = lab.command(lab.file("server"));
                // What Go 1.19 speaks by itself; later ones have to be told, and earlier ones pass over it.
                command.env("GODEBUG", "tls10server=1,tlsrsakex=1,tls3des=1");
                Running::Said(Server::start(command.args(["cert.pem", "clearkey.pem"])))
            }
            Self::Lines(program, file) => {
                peer(program).then_some(())?;
                let mut command = lab.command(program);
                Running::Said(Server::start(command.arg(beside(file)).args(["cert.pem", "clearkey.pem"])))
            }
            Self::LaterNode(groups) => {
                let mut command = lab.command(later_node()?);
                command.arg(beside("server.js")).args(["cert.pem", "clearkey.pem", groups]);
                Running::Said(Server::start(&mut command))
            }
            Self::Tlslite(hole) => {
                let wheels = python_module("peers", "tlslite")?;
                let mut command = lab.command("python3");
                command.env("PYTHONPATH", wheels).arg(beside("attacked.py"));
                Running::Said(Server::start(command.args([hole, "cert.pem", "clearkey.pem"])))
            }
            Self::Ourselves(arguments) => Running::Said(lab.serve(arguments)),
        })
    }
}

/// A free port, and the command made for it, until it listens there: another process may have taken the port meanwhile,
/// but hardly several times.
#[track_caller]
fn told(command: impl Fn(u16) -> Command) -> Told {
    for _ in 0..5 {
        let port = free_port();
        let address = format!("127.0.0.1:{port}");
        let child = command(port).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a peer starts");
        let mut told = Told { child: Killed(child), address };
        let until = Instant::now() + FUSE;
        while told.child.try_wait().expect("a child can be asked").is_none() {
            if TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).is_ok() {
                return told;
            }
            assert!(Instant::now() < until, "{:?} never listened", command(port));
            std::thread::yield_now();
        }
    }
    panic!("{:?} ends at once", command(0));
}

fn openssl(lab: &Lab, folder: &str, arguments: &[&str]) -> OpensslServer {
    let (certificate, key) = (format!("{folder}/cert.pem"), format!("{folder}/clearkey.pem"));
    s_server(lab, &[&["-www", "-cert", &certificate, "-key", &key], arguments].concat())
}

/// OpenSSL's configuration for whatever it still has.
const LEVEL_0: &str = "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = default\n[default]\n\
    CipherString = DEFAULT:@SECLEVEL=0\nMinProtocol = TLSv1\n";

fn nginx(lab: &Lab, directives: &str) -> Told {
    told(|port| {
        let configuration = format!(
            "daemon off; master_process off; pid nginx.pid; error_log nginx.log; events {{}}
            http {{
                access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
                uwsgi_temp_path uwsgi; scgi_temp_path scgi;
                server {{
                    listen 127.0.0.1:{port} ssl;
                    ssl_certificate cert.pem; ssl_certificate_key clearkey.pem;
                    {directives}
                    location / {{ return 200 hello; }}
                }}
            }}"
        );
        let path = lab.write("nginx.conf", configuration);
        let mut command = lab.command("nginx");
        command.arg("-p").arg(lab.path()).arg("-e").arg(lab.file("nginx.log")).arg("-c").arg(path);
        if directives.contains("@SECLEVEL=0") {
            // Parameters for Diffie-Hellman are judged by the level that stands when they are read.
            command.env("OPENSSL_CONF", lab.write("openssl.cnf", LEVEL_0));
        }
        command
    })
}

fn apache(lab: &Lab, directives: &str) -> Told {
    let root = lab.path().display();
    told(|port| {
        let configuration = format!(
            "ServerRoot {root}\nServerName www.test.org\nPidFile {root}/apache.pid\nErrorLog {root}/apache.log
            DefaultRuntimeDir {root}\nMutex sem
            LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
            LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
            LoadModule socache_shmcb_module /usr/lib/apache2/modules/mod_socache_shmcb.so
            LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
            Listen 127.0.0.1:{port}\nUser nobody\nGroup nogroup\nSSLEngine on\nSSLSessionCache shmcb:{root}/apache.cache
            SSLCertificateFile {root}/cert.pem\nSSLCertificateKeyFile {root}/clearkey.pem\n{directives}\n"
        );
        let path = lab.write("apache.conf", configuration);
        let mut command = lab.command("apache2");
        command.arg("-X").arg("-f").arg(path);
        command
    })
}

/// Certificate and key in one file.
fn both(lab: &Lab) {
    lab.write("both.pem", lab.read("cert.pem") + &lab.read("clearkey.pem"));
}

fn haproxy(lab: &Lab, words: &str) -> Told {
    both(lab);
    told(|port| {
        let configuration = format!(
            "global\n  maxconn 500\ndefaults\n  mode http\n  timeout client 20s\n  timeout server 20s\n  timeout connect 5s
frontend tls\n  bind 127.0.0.1:{port} ssl crt both.pem {words}\n  http-request return status 200\n"
        );
        let path = lab.write("haproxy.cfg", configuration);
        let mut command = lab.command("haproxy");
        command.arg("-db").arg("-f").arg(path);
        command
    })
}

fn stunnel(lab: &Lab, options: &str) -> Told {
    told(|port| {
        let configuration = format!(
            "foreground = yes\npid =\n[tls]\naccept = 127.0.0.1:{port}\nexec = /bin/cat\nexecArgs = cat
cert = cert.pem\nkey = clearkey.pem\n{options}\n"
        );
        let path = lab.write("stunnel.conf", configuration);
        let mut command = lab.command("stunnel");
        command.arg(path);
        command
    })
}

fn gnutls(lab: &Lab, priority: &str) -> Told {
    told(|port| {
        let mut command = lab.command("gnutls-serv");
        command.args(["--http", "--quiet", "--x509certfile", "cert.pem", "--x509keyfile", "clearkey.pem"]);
        command.args(["--priority", priority, "--port", &port.to_string()]);
        command
    })
}
