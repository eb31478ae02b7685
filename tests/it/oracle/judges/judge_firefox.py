"""Firefox as a judge: one headless browser, told what to do through its Marionette protocol.

Reads lines of PORT, CA_FILE, EXPECTED_NAME, CLIENT_CERT and CLIENT_KEY, with tabs between (of the client only `-` is
taken), and answers each with `accept` or `refuse`, a tab and why. For as long as a question takes, what is in CA_FILE is
trusted as an authority (`C,,`: that a peer is trusted, `P,,`, mozilla::pkix does not look at). Every name is the
loopback's, so nothing leaves this machine.

The one argument is an empty folder for the browser's profile.
"""

import json
import re
import socket
import subprocess
import sys
from pathlib import Path

PREFERENCES = {
    "app.update.enabled": False,
    "browser.cache.disk.enable": False,
    "browser.cache.memory.enable": False,
    "browser.newtabpage.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage": "about:blank",
    "browser.startup.page": 0,
    "datareporting.healthreport.uploadEnabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.security.https_first": False,
    "extensions.update.enabled": False,
    "marionette.port": 0,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.forceResolve": "127.0.0.1",
    "network.http.http3.enable": False,
    "network.prefetch-next": False,
    "network.proxy.type": 0,
    "network.stricttransportsecurity.preloadlist": False,
    "network.trr.mode": 5,
    "security.OCSP.enabled": 0,
    "security.enterprise_roots.enabled": False,
    "security.remote_settings.crlite_filters.enabled": False,
    "security.remote_settings.intermediates.enabled": False,
    "services.settings.server": "https://127.0.0.1:1",
    "toolkit.telemetry.enabled": False,
    "toolkit.telemetry.server": "",
}

ASK = """
const [address, trusted, done] = arguments;
const database = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB);
// It alone clears the sessions that could be resumed.
const sdr = Cc["@mozilla.org/security/sdr;1"].getService(Ci.nsISecretDecoderRing);
const added = [];
const answer = (verdict, words) => {
  for (const certificate of added) {
    database.deleteCertificate(certificate);
  }
  Services.obs.notifyObservers(null, "net:cancel-all-connections");
  sdr.logoutAndTeardown();
  done([verdict, words]);
};
try {
  for (const base64 of trusted) {
    added.push(database.addCertFromBase64(base64, "C,,"));
  }
  const request = new XMLHttpRequest();
  request.mozBackgroundRequest = true;
  request.open("GET", address);
  request.channel.loadFlags |= Ci.nsIRequest.LOAD_BYPASS_CACHE | Ci.nsIRequest.LOAD_FRESH_CONNECTION;
  request.timeout = 60000;
  request.onload = () => answer("accept", `HTTP ${request.status}`);
  request.onerror = request.ontimeout = (event) => {
    const why = request.channel.securityInfo?.errorCodeString;
    answer("refuse", why || `${event.type} 0x${(request.channel.status >>> 0).toString(16)}`);
  };
  request.send();
} catch (error) {
  answer("refuse", String(error));
}
"""


class Browser:
    def __init__(self, profile):
        lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in PREFERENCES.items())
        Path(profile, "user.js").write_text("".join(lines))
        command = ["firefox-esr", "--headless", "--no-remote", "--marionette", "--remote-allow-system-access"]
        self.process = subprocess.Popen(
            [*command, "--profile", profile, "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        said = ""
        for line in self.process.stdout:
            said += line
            if port := re.search(r"Listening on port (\d+)", line):
                break
        else:
            raise SystemExit(f"firefox-esr never listened; it said:\n{said}")
        self.stream = socket.create_connection(("127.0.0.1", int(port[1])), timeout=120)
        self.number = 0
        self.receive()
        self("WebDriver:NewSession")
        self("Marionette:SetContext", value="chrome")
        self("WebDriver:SetTimeouts", script=120_000)

    def __call__(self, command, **parameters):
        self.number += 1
        message = json.dumps([0, self.number, command, parameters]).encode()
        self.stream.sendall(b"%d:%s" % (len(message), message))
        _, _, error, result = self.receive()
        if error:
            raise SystemExit(f"{command}: {error}")
        return result

    def receive(self):
        length = b""
        while (byte := self.stream.recv(1)) != b":":
            if not byte:
                raise SystemExit("firefox-esr closed its connection")
            length += byte
        message = b""
        while len(message) < int(length):
            message += self.stream.recv(int(length) - len(message))
        return json.loads(message)

    def ask(self, port, ca_file, name, certificate, _key):
        if certificate != "-":
            return "refuse", "a person chooses the client's certificate in a dialog"
        blocks = re.findall(r"-----BEGIN CERTIFICATE-----(.*?)-----END", Path(ca_file).read_text(), re.DOTALL)
        trusted = ["".join(block.split()) for block in blocks]
        address = f"https://{name}:{port}/session.json"
        return self("WebDriver:ExecuteAsyncScript", script=ASK, args=[address, trusted])["value"]


browser = Browser(sys.argv[1])
try:
    for line in sys.stdin:
        verdict, words = browser.ask(*line.rstrip("\n").split("\t"))
        print(verdict, " ".join(words.split()), sep="\t", flush=True)
finally:
    browser.process.terminate()
    browser.process.wait()
