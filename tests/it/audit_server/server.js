// server.js CERT KEY: Node's tls as it comes, echoing.
'use strict';

const fs = require('node:fs');
const tls = require('node:tls');

const [cert, key] = process.argv.slice(2).map((name) => fs.readFileSync(name));
const server = tls.createServer({ cert, key }, (socket) => {
  socket.on('error', () => socket.destroy());
  socket.pipe(socket);
});
server.on('tlsClientError', () => {});
server.listen(0, '127.0.0.1', () => console.error(`listening on 127.0.0.1:${server.address().port}`));
