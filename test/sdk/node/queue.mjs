// Queues by cmq-sdk 2.1.0.
import assert from 'node:assert/strict';
import { client, cmq, drain, noMessage, ok, same, settled as settledAnswer, step } from './sdk.mjs';

const settled = (queueName, want) => settledAnswer(() => cmq.getQueueAttributes({ queueName }), want);

const noQueue = { code: 4440, message: '(10100)queue is not existed, or deleted' };
const deadHandle = { code: 4430, message: '(10260)receipt handle is invalid' };

const attributes = { maxMsgHeapNum: 5000000, pollingWaitSeconds: 1, visibilityTimeout: 30, maxMsgSize: 1024, msgRetentionSeconds: 3600, rewindSeconds: 1800 };
const counters = { activeMsgNum: 0, inactiveMsgNum: 0, delayMsgNum: 0, rewindMsgNum: 0, rewindmsgNum: 0, minMsgTime: 0 };
let queueId;

await step('create', async () => {
  ({ queueId } = ok(await cmq.createQueue({ queueName: 'node', ...attributes })));
  assert.match(queueId, /^queue-[a-z0-9]+$/);
});

await step('create again', async () => {
  same(await cmq.createQueue({ queueName: 'node', ...attributes }), { code: 4460, message: '(10210)queue is already existed' });
});

await step('list', async () => {
  ok(await cmq.createQueue({ queueName: 'other' }));
  ok(await cmq.listQueue({ searchWord: 'nod', offset: 0, limit: 10 }), { totalCount: 1, queueList: [{ queueId, queueName: 'node' }] });
  ok(await cmq.listQueue({ searchWord: 'none' }), { totalCount: 0, queueList: [] });
  assert.equal(ok(await cmq.listQueue({})).queueList.length, 2);
});

await step('attributes', async () => {
  const { createTime, lastModifyTime } = await settled('node', { ...attributes, ...counters });
  assert.equal(lastModifyTime, createTime);
  assert.ok(Math.abs(createTime - Date.now() / 1000) < 60, `created at ${createTime}`);
});

await step('set attributes', async () => {
  ok(await cmq.setQueueAttributes({ queueName: 'node', maxMsgHeapNum: 6000000, pollingWaitSeconds: 0 }));
  await settled('node', { ...attributes, maxMsgHeapNum: 6000000, pollingWaitSeconds: 0 });
});

const sent = []; // and deleted, to be rewound later
const bodies = ['@all 你好 a+b&c=d%20 😀', 'line\r\n\ttab', '{"a":"\\"</script>"}', ' *~!\'() ', '%zz_;'];
for (const signatureMethod of ['HmacSHA256', 'HmacSHA1']) {
  await step(`send, receive, delete, ${signatureMethod}`, async () => {
    const cmq = client({ signatureMethod });
    for (const msgBody of bodies) {
      const { msgId } = ok(await cmq.sendMessage({ queueName: 'node', msgBody }));
      const m = ok(await cmq.receiveMessage({ queueName: 'node', pollingWaitSeconds: 5 }), { msgBody, msgId, dequeueCount: 1 });
      assert.ok(m.enqueueTime <= m.firstDequeueTime && m.nextVisibleTime >= m.firstDequeueTime + 30, JSON.stringify(m));
      ok(await cmq.deleteMessage({ queueName: 'node', receiptHandle: m.receiptHandle }));
      sent.push(msgBody);
      same(await cmq.deleteMessage({ queueName: 'node', receiptHandle: m.receiptHandle }), deadHandle);
    }
  });
}

await step('batches of 16', async () => {
  const msgBody = Array.from({ length: 16 }, (_, i) => `@${i} 你好 a+b&c`);
  const { msgList } = ok(await cmq.batchSendMessage({ queueName: 'node', msgBody }));
  const messages = await drain('node', 16);
  const received = new Map(messages.map((m) => [m.msgId, m.msgBody]));
  assert.deepEqual(msgList.map((m) => received.get(m.msgId)), msgBody);
  const handles = messages.map((m) => m.receiptHandle);
  const part = await cmq.batchDeleteMessage({ queueName: 'node', receiptHandle: [handles[0], 'bad-handle', handles[1]] });
  same(part, { code: 6010, message: '(10150)delete message partially failed', errorList: [{ ...deadHandle, receiptHandle: 'bad-handle' }] });
  ok(await cmq.batchDeleteMessage({ queueName: 'node', receiptHandle: handles.slice(2) }));
  same(await cmq.batchDeleteMessage({ queueName: 'node', receiptHandle: handles.slice(0, 2) }), { code: 6020 });
  sent.push(...msgBody);
  await settled('node', { ...counters, rewindMsgNum: sent.length, rewindmsgNum: sent.length });
});

await step('rewind', async () => {
  ok(await cmq.rewindQueue({ queueName: 'node', startConsumeTime: Math.floor(Date.now() / 1000) - 600 }));
  const messages = await drain('node', sent.length);
  assert.deepEqual(messages.map((m) => m.msgBody).sort(), sent.sort());
  for (const { receiptHandle } of messages) {
    ok(await cmq.deleteMessage({ queueName: 'node', receiptHandle }));
  }
});

await step('rewind of a queue that keeps nothing', async () => {
  same(await cmq.rewindQueue({ queueName: 'other', startConsumeTime: Math.floor(Date.now() / 1000) }), { code: 6050, message: '(10670)your queue cannot be rewinded' });
});

await step('redelivery', async () => {
  ok(await cmq.setQueueAttributes({ queueName: 'other', visibilityTimeout: 1 }));
  const { msgId } = ok(await cmq.sendMessage({ queueName: 'other', msgBody: 'again' }));
  const began = performance.now();
  const first = ok(await cmq.receiveMessage({ queueName: 'other', pollingWaitSeconds: 5 }), { msgId, dequeueCount: 1 });
  const second = ok(await cmq.receiveMessage({ queueName: 'other', pollingWaitSeconds: 5 }), { msgId, dequeueCount: 2, firstDequeueTime: first.firstDequeueTime });
  assert.ok(performance.now() - began >= 1000, 'it came back while it was invisible');
  same(await cmq.deleteMessage({ queueName: 'other', receiptHandle: first.receiptHandle }), deadHandle);
  ok(await cmq.deleteMessage({ queueName: 'other', receiptHandle: second.receiptHandle }));
});

await step('delay', async () => {
  const began = performance.now();
  ok(await cmq.sendMessage({ queueName: 'node', msgBody: 'later', delaySeconds: 2 }));
  await settled('node', { activeMsgNum: 0, delayMsgNum: 1 });
  const m = ok(await cmq.receiveMessage({ queueName: 'node', pollingWaitSeconds: 5 }), { msgBody: 'later' });
  assert.ok(performance.now() - began >= 2000, 'it came early');
  ok(await cmq.deleteMessage({ queueName: 'node', receiptHandle: m.receiptHandle }));
  await settled('node', { activeMsgNum: 0, inactiveMsgNum: 0, delayMsgNum: 0 });
});

// The SDK gives up one second after the wait, which is an exception here.
await step('empty polls', async () => {
  const began = performance.now();
  same(await cmq.receiveMessage({ queueName: 'node', pollingWaitSeconds: 1 }), noMessage);
  assert.ok(performance.now() - began > 500, 'it did not wait');
  same(await cmq.receiveMessage({ queueName: 'node', pollingWaitSeconds: 0 }), noMessage);
  same(await cmq.batchReceiveMessage({ queueName: 'node', numOfMsg: 16 }), noMessage);
});

await step('missing queue', async () => {
  const queueName = 'missing';
  same(await cmq.sendMessage({ queueName, msgBody: 'x' }), noQueue);
  same(await cmq.receiveMessage({ queueName, pollingWaitSeconds: 1 }), noQueue);
  same(await cmq.getQueueAttributes({ queueName }), noQueue);
});

await step('wrong secret', async () => {
  const wrong = client({ secretKey: 'wrong' });
  same(await wrong.sendMessage({ queueName: 'node', msgBody: 'x' }), { code: 4100, message: '(10030)authentication failed' });
  same(await cmq.receiveMessage({ queueName: 'node', pollingWaitSeconds: 0 }), noMessage);
});

await step('oversize', async () => {
  same(await cmq.sendMessage({ queueName: 'node', msgBody: 'x'.repeat(1025) }), { code: 4400, message: '(10230)exceed maximum message size' });
  ok(await cmq.sendMessage({ queueName: 'node', msgBody: 'x'.repeat(1024) }));
});

await step('delete queue', async () => {
  ok(await cmq.deleteQueue({ queueName: 'node' }));
  same(await cmq.sendMessage({ queueName: 'node', msgBody: 'x' }), noQueue);
});
