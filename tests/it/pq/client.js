// client.js PORT CA VERSION [FOLDER]: verifies www.test.org, says a line, prints what was agreed on and what came back.
const tls = require('tls'), read = require('fs').readFileSync;
const [port, ca, version, own] = process.argv.slice(2);
const shown = own ? { cert: read(own + '/cert.pem'), key: read(own + '/clearkey.pem') } : {};
const socket = tls.connect({ host: '127.0.0.1', port, servername: 'www.test.org', ca: read(ca), ...shown,
  minVersion: version, maxVersion: version }, () => {
  console.log(socket.getProtocol(), socket.authorized);
  socket.write('stressed\n');
});
socket.on('data', data => { process.stdout.write(data); socket.end(); });
socket.on('error', error => { console.log(error.code); process.exitCode = 1; });
