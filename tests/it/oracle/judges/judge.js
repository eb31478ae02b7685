// Node's tls as a judge. Reads lines of PORT, CA_FILE, EXPECTED_NAME, CLIENT_CERT and CLIENT_KEY, with tabs between (`-`
// for no client certificate), and answers each with `accept` or `refuse`, a tab and why.
'use strict';

const fs = require('node:fs');
const net = require('node:net');
const readline = require('node:readline');
const tls = require('node:tls');

function judge([port, ca, name, certificate, key]) {
  return new Promise((resolve) => {
    const refuse = (error) => resolve(`refuse\t${error.code || ''} ${String(error.message).replace(/\s+/g, ' ')}`);
    const options = { host: '127.0.0.1', port: Number(port) };
    try {
      Object.assign(options, { ca: fs.readFileSync(ca) });
      if (net.isIP(name)) {
        options.checkServerIdentity = (_, peer) => tls.checkServerIdentity(name, peer);
      } else {
        options.servername = name;
      }
      if (certificate !== '-') {
        Object.assign(options, { cert: fs.readFileSync(certificate), key: fs.readFileSync(key) });
      }
      const socket = tls.connect(options, () => {
        socket.write(`GET /session.json HTTP/1.0\r\nHost: ${name}\r\n\r\n`);
      });
      let answer = '';
      socket.setEncoding('utf8');
      socket.setTimeout(60_000, () => socket.destroy(new Error('nothing came in time')));
      socket.on('data', (text) => {
        answer += text;
      });
      socket.on('error', refuse);
      socket.on('close', () => {
        const [status] = answer.split('\r\n');
        resolve(status ? `accept\t${status}` : 'refuse\tclosed without an answer');
      });
    } catch (error) {
      refuse(error);
    }
  });
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    console.log(await judge(line.split('\t')));
  }
})();
