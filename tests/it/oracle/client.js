// client.js PORT CA_FILE EXPECTED_NAME TLS_VERSION MESSAGE
'use strict';

const fs = require('node:fs');
const tls = require('node:tls');

const [port, ca, name, version, message] = process.argv.slice(2);
const options = {
  host: '127.0.0.1',
  port: Number(port),
  servername: name,
  ca: fs.readFileSync(ca),
  minVersion: `TLSv${version}`,
  maxVersion: `TLSv${version}`,
};
const socket = tls.connect(options, () => {
  console.log('version:', socket.getProtocol());
  socket.write(`${message}\n`);
});
socket.setEncoding('utf8');
let reply = '';
socket.on('data', (text) => {
  reply += text;
  if (reply.endsWith('\n')) {
    console.log('From Server:', reply.trim());
    socket.end();
  }
});
socket.on('error', (error) => {
  console.error(error.code, error.message);
  process.exitCode = 1;
});
