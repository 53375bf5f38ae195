// The real client: npm toxiproxy-node-client against levi-proxy. Usage: node compat.mjs API_PORT
import assert from "node:assert/strict";
import net from "node:net";
import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
const { Toxiproxy } = require("toxiproxy-node-client");

const client = new Toxiproxy(`http://localhost:${process.argv[2]}`);
const echo = net.createServer({ allowHalfOpen: true }, (socket) => {
  socket.on("error", () => {});
  socket.pipe(socket);
});
await new Promise((ready) => echo.listen(0, "127.0.0.1", ready));
const upstream = `127.0.0.1:${echo.address().port}`;

// What comes back for one message; "closed" or an error code where the connection ends instead.
function say(proxy, text) {
  const port = Number(proxy.listen.split(":").pop());
  return new Promise((done) => {
    const begin = process.hrtime.bigint();
    const socket = net.connect(port, "127.0.0.1", () => socket.write(text));
    socket.on("data", (data) => {
      done({ text: data.toString(), ms: Number(process.hrtime.bigint() - begin) / 1e6 });
      socket.destroy();
    });
    socket.on("close", () => done({ text: "closed" }));
    socket.on("error", (error) => done({ text: error.code }));
  });
}

assert.match(String(await client.getVersion()), /2\.12\.0/);
await client.reset();
const proxy = await client.createProxy({ name: "echo", listen: "localhost:0", upstream });
assert.equal(proxy.name, "echo");
assert.equal((await say(proxy, "hello")).text, "hello");

await assert.rejects(client.createProxy({ name: "echo", listen: "localhost:0", upstream }), /409/);
await assert.rejects(client.get("nobody"), /404/);
assert.ok("echo" in (await client.getAll()));

const toxic = await proxy.addToxic({ name: "late", type: "latency", attributes: { latency: 150, jitter: 0 } });
assert.equal(toxic.name, "late");
const late = await say(proxy, "late");
assert.equal(late.text, "late");
assert.ok(late.ms >= 149, `${late.ms} ms`);
const changed = await toxic.update({ attributes: { latency: 0 } });
assert.equal(changed.attributes.latency, 0);
assert.equal(changed.toxicity, 1);
await toxic.remove();

const reset = await proxy.addToxic({ name: "rst", type: "reset_peer", attributes: { timeout: 0 } });
assert.equal((await say(proxy, "x")).text, "ECONNRESET");
await reset.remove();

await proxy.update({ enabled: false, listen: proxy.listen, upstream: proxy.upstream });
assert.equal((await say(proxy, "x")).text, "ECONNREFUSED");
await client.reset();
assert.equal((await client.get("echo")).enabled, true);

const populated = await client.populate([
  { name: "one", listen: "localhost:0", upstream },
  { name: "two", listen: "localhost:0", upstream },
]);
assert.deepEqual(Object.keys(populated).sort(), ["one", "two"]);
await proxy.remove();
await assert.rejects(client.get("echo"), /404/);
echo.close();
console.log("compat: toxiproxy-node-client: all calls as with Toxiproxy");
process.exit(0);
