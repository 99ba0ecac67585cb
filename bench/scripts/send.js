// Sends small UDP datagrams to an address for some seconds, as fast as the kernel takes them; prints how many seconds that was, and how many of processor time.
import { createSocket } from "node:dgram";

const [address, seconds] = process.argv.slice(2);
const AT_ONCE = 16;
const PORT = 9;
const payload = Buffer.alloc(18);
const socket = createSocket("udp4");
const begin = process.hrtime.bigint();
const end = begin + BigInt(Math.round(Number(seconds) * 1e9));
await new Promise((done) => socket.connect(PORT, address, done));
const next = () => {
  if (process.hrtime.bigint() >= end) {
    socket.close();
    const { user, system } = process.cpuUsage();
    process.stdout.write(`${Number(process.hrtime.bigint() - begin) / 1e9} ${(user + system) / 1e6}\n`);
    return;
  }
  let open = AT_ONCE;
  for (let i = 0; i < AT_ONCE; i++)
    socket.send(payload, () => {
      open--;
      if (open === 0) setImmediate(next);
    });
};
next();
