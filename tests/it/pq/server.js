// server.js CERT KEY [CLIENTS_CA]: sends back what it gets; with CLIENTS_CA, only to who shows a certificate by that.
const tls = require('tls'), read = require('fs').readFileSync;
const [cert, key, ca] = process.argv.slice(2).map(file => read(file));
const asked = ca ? { ca, requestCert: true, rejectUnauthorized: true } : {};
const server = tls.createServer({ cert, key, ...asked }, socket => {
  socket.on('error', () => {});
  socket.pipe(socket);
});
server.on('tlsClientError', () => {});
server.listen(0, '127.0.0.1', () => console.error('listening on 127.0.0.1:' + server.address().port));
