// Stands between a socket on standard input and a worker over TLS: `node tls.mjs PORT CA [CERTIFICATE KEY]`.
import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';

const [port, ca, certificate, key] = process.argv.slice(2);
const read = (file) => (file === undefined ? undefined : readFileSync(file));
const near = new net.Socket({ fd: 0, readable: true, writable: true });
const far = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', ca: read(ca), cert: read(certificate), key: read(key) });

const refused = (error) => {
  console.error(`refused: ${error?.code ?? 'the other side hung up'}`);
  process.exit(1);
};
far.on('error', refused);
far.on('close', () => (far.bytesRead > 0 ? process.exit(0) : refused()));
near.pipe(far).pipe(near);
