// server.js CERT_FILE ENCRYPTED_KEY_FILE PASSPHRASE [KEY_KIND]: tells the key's kind, then echoes.
'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const tls = require('node:tls');

const [cert, key, passphrase] = process.argv.slice(2);
const sealed = fs.readFileSync(key);
let opened = false;
try {
  crypto.createPrivateKey({ key: sealed, passphrase: 'wrong words' });
  opened = true;
} catch (error) {
  console.log('wrong passphrase:', error.code);
}
if (opened) {
  throw new Error('the key opened with a wrong passphrase');
}
console.log('key:', crypto.createPrivateKey({ key: sealed, passphrase }).asymmetricKeyType);

const server = tls.createServer({ cert: fs.readFileSync(cert), key: sealed, passphrase }, (socket) => {
  socket.on('error', (error) => console.log('failed:', error.message));
  socket.pipe(socket);
});
server.listen(0, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${server.address().port}`));
