// server.js CERT KEY [GROUPS]: Node's tls as it comes, or with these groups alone, echoing.
'use strict';

const fs = require('node:fs');
const tls = require('node:tls');

const [cert, key] = process.argv.slice(2, 4).map((name) => fs.readFileSync(name));
const ecdhCurve = process.argv[4] ?? tls.DEFAULT_ECDH_CURVE;
const server = tls.createServer({ cert, key, ecdhCurve }, (socket) => {
  socket.on('error', () => socket.destroy());
  socket.pipe(socket);
});
server.on('tlsClientError', () => {});
server.listen(0, '127.0.0.1', () => console.error(`listening on 127.0.0.1:${server.address().port}`));
