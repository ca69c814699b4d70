// MQTT.js at the device door: `VERSION PORT NUMBERS`; prints what came of it as one line of JSON.
const mqtt = require("mqtt");
const [version, port, numbers] = process.argv.slice(2).map(Number);
const base = "anju/1/0/g-1";
const told = { version, acked: 0, refused: null, receipt: null, offer: null };
const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, {
    protocolVersion: version,
    username: "g-1",
    password: "any",
    clientId: "mqttjs",
    reconnectPeriod: 0,
    will: { topic: `${base}/status`, payload: '{"online":false}', qos: 1, retain: true },
});
client.on("error", (error) => {
    told.error = String(error);
    console.log(JSON.stringify(told));
    process.exit(1);
});
client.on("connect", async (packet) => {
    told.offer = packet.properties ?? null;
    client.on("message", (topic, payload) => {
        told.receipt = JSON.parse(payload.toString());
        told.topic = topic;
        if (told.receipt.upto === numbers - 1 && told.receipt.gaps.length === 0) finish();
    });
    await client.subscribeAsync(`${base}/receipt`, { qos: 1 });
    const sent = [];
    for (let n = 0; n < numbers; n++) {
        const readings = [{ c: `T${n % 5}.x`, t: 1795000000000 + n, v: n / 1000 }];
        const payload = JSON.stringify({ boot: 1, seq: n, readings });
        const more = version === 5 ? { properties: { userProperties: { of: "test" } } } : {};
        sent.push(
            client.publishAsync(`${base}/readings`, payload, { qos: 1, ...more }).then(() => {
                told.acked += 1;
            }),
        );
    }
    await Promise.all(sent);
    if (version === 5) {
        await client.publishAsync("anju/1/0/g-2/readings", "{}", { qos: 1 }).catch((error) => {
            told.refused = error.code;
        });
    }
    told.done = true;
    finish();
});
function finish() {
    if (!told.done || told.receipt?.upto !== numbers - 1) return;
    client.end(false, {}, () => {
        console.log(JSON.stringify(told));
        process.exit(0);
    });
}
