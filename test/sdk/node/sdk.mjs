// What programs on cmq-sdk 2.1.0, unchanged, share:
//   node PROGRAM PORT SECRET_ID SECRET_KEY [LISTEN REACH]
// They print a line a step and end with the first answer that is wrong.
//
// Every call gets an options object of its own: the SDK writes into it and
// would sign the last call's signature.
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { CMQ } from 'cmq-sdk';

// The service pushes to the host REACH, which is our address LISTEN.
export const [port, secretId, secretKey, listen = '127.0.0.1', reach = listen] = process.argv.slice(2);
export const endpoint = `127.0.0.1:${port}`;

// The SDK makes the host of the region, at port 80. Connections go to the
// server under test; Host, which is signed too, stays the vendor's.
http.globalAgent.createConnection = () => net.connect(port, '127.0.0.1');

export const client = (given) => CMQ.NEW({ path: '/v2/index.php', signatureMethod: 'HmacSHA256', extranet: false, region: 'gz', secretId, secretKey, ...given });
export const cmq = client();

export async function step(name, run) {
  const began = performance.now();
  try {
    await run();
  } catch (err) {
    console.log(`FAILED: ${name}`);
    console.log(err);
    process.exit(1);
  }
  console.log(`ok: ${name} (${Math.round(performance.now() - began)} ms)`);
}

// ok is for answers that must succeed and hold want; more may be in them.
export function ok(answer, want = {}) {
  same(answer, { code: 0, message: '', ...want });
  return answer;
}

export function same(answer, want) {
  const got = Object.fromEntries(Object.keys(want).map((name) => [name, answer[name]]));
  assert.deepEqual(got, want, `got ${JSON.stringify(answer)}, want ${JSON.stringify(want)}`);
  assert.match(answer.requestId, /^\d+$/);
}

// settled reads until the answer is as wanted: counters may lag 2 s.
export async function settled(read, want) {
  for (const began = performance.now(); ;) {
    const answer = await read();
    try {
      return ok(answer, want);
    } catch (err) {
      if (performance.now() - began > 3000) throw err;
    }
  }
}

// drain receives n messages in batches, and no more.
export async function drain(queueName, n) {
  const messages = [];
  while (messages.length < n) {
    messages.push(...ok(await cmq.batchReceiveMessage({ queueName, numOfMsg: 16, pollingWaitSeconds: 5 })).msgInfoList);
  }
  assert.equal(messages.length, n);
  return messages;
}

export const noMessage = { code: 7000, message: '(10200)no message' };
