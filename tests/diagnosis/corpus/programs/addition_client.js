// A right client of the addition: three questions, each behind the answer to the one before.
'use strict';
const net = require('net');
const [host, port] = process.argv.slice(2);
const pairs = [[84, 98], [-5, 3], [2147483647, 1]];
let kept = Buffer.alloc(0);

function ask() {
  const pair = pairs.shift();
  if (!pair) {
    sock.end();
    return;
  }
  const question = Buffer.alloc(8);
  question.writeInt32BE(pair[0], 0);
  question.writeInt32BE(pair[1], 4);
  sock.write(question);
}

const sock = net.connect(Number(port), host, () => {
  const address = Buffer.from(sock.localAddress);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(address.length);
  sock.write(Buffer.concat([length, address]));
  ask();
});
sock.on('data', (data) => {
  kept = Buffer.concat([kept, data]);
  while (kept.length >= 4) {
    console.log(kept.readInt32BE(0));
    kept = kept.subarray(4);
    ask();
  }
});
sock.on('error', (error) => console.log(String(error)));
