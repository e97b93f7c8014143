// Real servers of the import tests: every service that a check of the corpus asks for, on all
// addresses. Arguments: key and certificate (PEM). Prints `ready`.
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer as createWeb } from 'node:http';
import { createServer as createTlsWeb } from 'node:https';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';

const [key, cert] = process.argv.slice(2).map((path) => readFileSync(path));
const page = (request, response) => {
  response.statusCode = ['/', '/page'].includes(request.url) ? 200 : 404;
  response.end('page of server');
};

/** Greets, and answers each line with what the table has. */
function greet(port, greeting, answers = {}) {
  return createServer((socket) => {
    socket.on('error', () => {});
    if (greeting) socket.write(`${greeting}\r\n`);
    socket.on('data', (data) => {
      for (const line of data.toString().split(/\r?\n/).filter(Boolean)) {
        const [command = ''] = line.split(' ');
        socket.write(`${answers[command.toUpperCase()] ?? answers['*'] ?? '500 no'}\r\n`);
        if (/^quit$/i.test(command)) socket.end();
      }
    });
  }).listen(port, '::');
}

/** A socket for each address, so that a reply comes from the address that was asked. */
function datagrams(port, answer) {
  const addresses = (networkInterfaces().eth0 ?? []).filter(({ scopeid = 0 }) => scopeid === 0);
  for (const { address: own, family } of addresses) {
    const socket = createSocket({ type: family === 'IPv6' ? 'udp6' : 'udp4' });
    socket.on('message', (data, { address, port: to }) => {
      const reply = answer(data);
      if (reply) socket.send(reply, to, address);
    });
    socket.bind(port, own);
  }
}

/** The question with one answer of type A, or none of another type. */
function resolved(query) {
  const end = query.indexOf(0, 12) + 5;
  const isAddress = query.readUInt16BE(end - 4) === 1;
  const head = Buffer.from([0x81, 0x80, 0, 1, 0, isAddress ? 1 : 0, 0, 0, 0, 0]);
  const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 9]);
  return Buffer.concat([
    query.subarray(0, 2),
    head,
    query.subarray(12, end),
    ...(isAddress ? [answer] : []),
  ]);
}

for (const port of [80, 8080]) createWeb(page).listen(port, '::');
createTlsWeb({ key, cert }, page).listen(443, '::');
greet(25, '220 mail ESMTP', { HELO: '250 hello', EHLO: '250 hello', QUIT: '221 bye' });
greet(21, '220 files', { USER: '331 password', PASS: '230 in', QUIT: '221 bye' });
greet(110, '+OK pop', { '*': '+OK', QUIT: '+OK bye' });
greet(119, '200 news', { '*': '200 fine', QUIT: '205 bye' });
greet(7000, '', { '*': 'world' });
datagrams(53, resolved);
datagrams(5060, () => 'SIP/2.0 200 OK');
setTimeout(() => console.log('ready'), 300);
