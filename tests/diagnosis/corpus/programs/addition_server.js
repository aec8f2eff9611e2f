// Servers of the addition. right: what has come is kept until it is whole. one-event: each 'data' is a message.
'use strict';
const net = require('net');
const [way, port] = process.argv.slice(2);

function right(sock) {
  let kept = Buffer.alloc(0);
  let named = false;
  sock.on('data', (data) => {
    kept = Buffer.concat([kept, data]);
    if (!named && kept.length >= 2 && kept.length >= 2 + kept.readUInt16BE(0)) {
      kept = kept.subarray(2 + kept.readUInt16BE(0));
      named = true;
    }
    while (named && kept.length >= 8) {
      const answer = Buffer.alloc(4);
      answer.writeInt32BE((kept.readInt32BE(0) + kept.readInt32BE(4)) | 0);
      sock.write(answer);
      kept = kept.subarray(8);
    }
  });
}

function oneEvent(sock) {
  let first = true;
  sock.on('data', (data) => {
    if (first) {
      first = false;
      return;
    }
    const answer = Buffer.alloc(4);
    answer.writeInt32BE((data.readInt32BE(0) + data.readInt32BE(4)) | 0);
    sock.write(answer);
  });
}

const server = net.createServer({ allowHalfOpen: true }, (sock) => {
  sock.on('error', () => sock.destroy());
  sock.on('end', () => sock.end());
  (way === 'right' ? right : oneEvent)(sock);
});
process.on('uncaughtException', (error) => console.log(String(error)));
server.listen(Number(port), '127.0.0.1');
