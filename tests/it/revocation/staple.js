// staple.js PORT CA: the OCSP response that www.test.org on this machine staples, as it came.
const tls = require('tls'), ca = require('fs').readFileSync(process.argv[3]);
const socket = tls.connect({ host: '127.0.0.1', port: process.argv[2], servername: 'www.test.org', ca, requestOCSP: true,
  timeout: 60000 });
socket.on('OCSPResponse', response => process.stdout.write(response ?? ''));
socket.on('secureConnect', () => socket.end());
socket.on('timeout', () => socket.destroy(new Error('timed out')));
socket.on('error', error => { console.error(error); process.exitCode = 1; });
