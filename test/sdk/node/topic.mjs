// Topics by cmq-sdk 2.1.0, with a subscriber's web server of its own. Retries
// must come soon: the server under test has shortened waits.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { client, cmq, drain, listen, noMessage, ok, reach, same, settled, step } from './sdk.mjs';

const inbox = new Map(); // by path: what was pushed
const statuses = new Map(); // by path: what to answer next; 200 when none is left
const subscriber = http.createServer(async (request, response) => {
  let body = '';
  for await (const part of request.setEncoding('utf8')) body += part;
  inbox.set(request.url, [...(inbox.get(request.url) ?? []), { method: request.method, headers: request.headers, body }]);
  response.statusCode = statuses.get(request.url)?.shift() ?? 200;
  response.end();
  subscriber.emit('pushed');
});
subscriber.listen(0, listen);
await once(subscriber, 'listening');
const url = (path) => `http://${reach}:${subscriber.address().port}${path}`;

// pushed waits until n messages were pushed to a path.
async function pushed(path, n) {
  const signal = AbortSignal.timeout(5000);
  while ((inbox.get(path) ?? []).length < n) await once(subscriber, 'pushed', { signal });
  return inbox.get(path);
}

const attributes = (topicName, subscriptionName) => cmq.getSubscriptionAttributes({ topicName, subscriptionName });

// delivered waits until a subscription has got all it wants.
const delivered = (topicName, subscriptionName) => settled(() => attributes(topicName, subscriptionName), { msgCount: 0 });

// takes receives and deletes what is in a queue, which must be bodies.
async function takes(queueName, bodies) {
  const messages = await drain(queueName, bodies.length);
  assert.deepEqual(messages.map((m) => m.msgBody).sort(), [...bodies].sort());
  for (const { receiptHandle } of messages) {
    ok(await cmq.deleteMessage({ queueName, receiptHandle }));
  }
}

async function refuses(queueName) {
  same(await cmq.receiveMessage({ queueName, pollingWaitSeconds: 0 }), noMessage);
}

const noTopic = { code: 4440, message: '(10600)topic is not existed, or deleted' };
const noSubscribers = { code: 6030, message: '(10650)topic has no subscription, please create a subscription before publishing message' };
const noMatch = { code: 6030, message: '(10730)no bindingKey or filterTag matches the routingKey or msgTag' };
let topicId;

await step('create', async () => {
  ({ topicId } = ok(await cmq.createTopic({ topicName: 'tags', maxMsgSize: 2048 })));
  assert.match(topicId, /^topic-[a-z0-9]+$/);
  ok(await cmq.createTopic({ topicName: 'keys', filterType: 2 }));
  same(await cmq.createTopic({ topicName: 'tags' }), { code: 4460, message: '(10550)topic is already existed' });
  for (const queueName of ['red', 'all', 'star', 'hash']) ok(await cmq.createQueue({ queueName }));
});

await step('list', async () => {
  ok(await cmq.listTopic({ searchWord: 'tag', offset: 0, limit: 10 }), { totalCount: 1, topicList: [{ topicId, topicName: 'tags' }] });
  ok(await cmq.listTopic({ searchWord: 'none' }), { totalCount: 0, topicList: [] });
  assert.deepEqual(ok(await cmq.listTopic({}), { totalCount: 2 }).topicList.map((t) => t.topicName), ['keys', 'tags']);
});

await step('attributes', async () => {
  const { createTime, lastModifyTime } = ok(await cmq.getTopicAttributes({ topicName: 'tags' }), { topicId, msgCount: 0, maxMsgSize: 2048, msgRetentionSeconds: 86400, filterType: 1 });
  assert.equal(lastModifyTime, createTime);
  assert.ok(Math.abs(createTime - Date.now() / 1000) < 60, `created at ${createTime}`);
  ok(await cmq.getTopicAttributes({ topicName: 'keys' }), { maxMsgSize: 65536, filterType: 2 });
  ok(await cmq.setTopicAttributes({ topicName: 'tags', maxMsgSize: 1024 }));
  ok(await cmq.getTopicAttributes({ topicName: 'tags' }), { maxMsgSize: 1024, filterType: 1, createTime });
});

await step('publish to nobody', async () => {
  same(await cmq.publishMessage({ topicName: 'tags', msgBody: 'x' }), noSubscribers);
  same(await cmq.batchPublishMessage({ topicName: 'tags', msgBody: ['x', 'y'] }), noSubscribers);
});

await step('subscribe', async () => {
  const { subscriptionId } = ok(await cmq.subscribe({ topicName: 'tags', subscriptionName: 'red', protocol: 'queue', endpoint: 'red', filterTag: ['red', 'blue'] }));
  ok(await attributes('tags', 'red'), { protocol: 'queue', endpoint: 'red', notifyStrategy: 'EXPONENTIAL_DECAY_RETRY', notifyContentFormat: 'JSON', filterTag: ['red', 'blue'], bindingKey: [], msgCount: 0, topicOwner: '1250000000' });
  same(await cmq.publishMessage({ topicName: 'tags', msgBody: 'x', msgTag: ['green'] }), noMatch);
  ok(await cmq.subscribe({ topicName: 'tags', subscriptionName: 'all', protocol: 'queue', endpoint: 'all', notifyContentFormat: 'SIMPLIFIED' }));
  ok(await cmq.subscribe({ topicName: 'tags', subscriptionName: 'web', protocol: 'http', endpoint: url('/json'), notifyStrategy: 'BACKOFF_RETRY', filterTag: ['red'] }));
  ok(await cmq.subscribe({ topicName: 'tags', subscriptionName: 'text', protocol: 'http', endpoint: url('/text'), notifyStrategy: 'BACKOFF_RETRY', notifyContentFormat: 'SIMPLIFIED', filterTag: ['red'] }));
  same(await cmq.subscribe({ topicName: 'tags', subscriptionName: 'red', protocol: 'queue', endpoint: 'red' }), { code: 4490, message: '(10470)subscribtion is already existed' });
  const { subscriptionList } = ok(await cmq.listSubscriptionByTopic({ topicName: 'tags' }), { totalCount: 4 });
  assert.deepEqual(subscriptionList.map((s) => s.subscriptionName), ['all', 'red', 'text', 'web']);
  const { protocal, ...red } = subscriptionList[1]; // sic: another spelling of protocol
  assert.deepEqual([red, protocal], [{ subscriptionId, subscriptionName: 'red', protocol: 'queue', endpoint: 'red' }, 'queue']);
  ok(await cmq.listSubscriptionByTopic({ topicName: 'tags', searchWord: 'nothing' }), { totalCount: 0, subscriptionList: [] });
});

const bodies = ['@all 你好 a+b&c=d%20 😀', '{"a":"\\"</script>"}\r\n\t', ' *~!\'() '];
for (const signatureMethod of ['HmacSHA256', 'HmacSHA1']) {
  await step(`publish with tags, ${signatureMethod}`, async () => {
    const cmq = client({ signatureMethod });
    for (const msgBody of bodies) {
      inbox.clear();
      const { msgId } = ok(await cmq.publishMessage({ topicName: 'tags', msgBody, msgTag: ['big', 'red'] }));
      const [{ method, headers, body }] = await pushed('/json', 1);
      const { publishTime, ...push } = JSON.parse(body);
      assert.deepEqual(push, { TopicOwner: 1250000000, topicName: 'tags', subscriptionName: 'web', msgId, msgBody });
      assert.ok(Math.abs(publishTime - Date.now() / 1000) < 60, body);
      assert.deepEqual([method, headers['content-type'], headers['x-cmq-message-id'], headers['x-cmq-message-tag']], ['POST', 'text/plain', msgId, 'big, red']);
      assert.equal((await pushed('/text', 1))[0].body, msgBody);
      await takes('red', [msgBody]);
      await takes('all', [msgBody]);
    }
  });
}

await step('messages that some do not want', async () => {
  ok(await cmq.publishMessage({ topicName: 'tags', msgBody: 'untagged' }));
  ok(await cmq.publishMessage({ topicName: 'tags', msgBody: 'green', msgTag: ['green'] }));
  await takes('all', ['untagged', 'green']);
  await delivered('tags', 'red');
  await refuses('red');
});

await step('a retry after 500', async () => {
  inbox.clear();
  statuses.set('/json', [500]);
  const { msgId } = ok(await cmq.publishMessage({ topicName: 'tags', msgBody: 'again', msgTag: ['red'] }));
  const attempts = (await pushed('/json', 2)).map((push) => push.headers);
  assert.deepEqual(attempts.map((h) => h['x-cmq-message-id']), [msgId, msgId]);
  assert.notEqual(attempts[0]['x-cmq-request-id'], attempts[1]['x-cmq-request-id']);
  await delivered('tags', 'web');
  assert.equal(inbox.get('/json').length, 2);
  await takes('red', ['again']);
  await takes('all', ['again']);
});

await step('a batch of 16', async () => {
  inbox.clear();
  const msgBody = Array.from({ length: 16 }, (_, i) => `@${i} 你好 a+b&c`);
  const { msgList } = ok(await cmq.batchPublishMessage({ topicName: 'tags', msgBody, msgTag: ['red'] }));
  const got = new Map((await pushed('/json', 16)).map((push) => JSON.parse(push.body)).map((m) => [m.msgId, m.msgBody]));
  assert.deepEqual(msgList.map((m) => got.get(m.msgId)), msgBody);
  await takes('red', msgBody);
  await takes('all', msgBody);
});

await step('set and clear', async () => {
  ok(await cmq.setSubscriptionAttributes({ topicName: 'tags', subscriptionName: 'red', notifyStrategy: 'BACKOFF_RETRY', notifyContentFormat: 'SIMPLIFIED', filterTag: ['pear'] }));
  ok(await attributes('tags', 'red'), { notifyStrategy: 'BACKOFF_RETRY', notifyContentFormat: 'SIMPLIFIED', filterTag: ['pear'], protocol: 'queue', endpoint: 'red' });
  ok(await cmq.publishMessage({ topicName: 'tags', msgBody: 'no longer wanted', msgTag: ['red'] }));
  ok(await cmq.publishMessage({ topicName: 'tags', msgBody: 'pear', msgTag: ['pear'] }));
  await takes('red', ['pear']);
  ok(await cmq.clearSubscriptionFilterTags({ topicName: 'tags', subscriptionName: 'red' }));
  ok(await attributes('tags', 'red'), { notifyStrategy: 'BACKOFF_RETRY', filterTag: [] });
  ok(await cmq.publishMessage({ topicName: 'tags', msgBody: 'untagged' }));
  await takes('red', ['untagged']);
});

await step('routing keys', async () => {
  const subscribe = (subscriptionName, bindingKey) => cmq.subscribe({ topicName: 'keys', subscriptionName, protocol: 'queue', endpoint: subscriptionName, notifyContentFormat: 'JSON', bindingKey });
  same(await subscribe('star'), { code: 4000, message: '(10710)parameters lack of bindingKey' });
  ok(await subscribe('star', ['1.*.0']));
  ok(await subscribe('hash', ['1.#.0']));
  ok(await attributes('keys', 'star'), { bindingKey: ['1.*.0'], filterTag: [] });
  for (const routingKey of ['1.test.0', '1.0', '1.2.3.4.4.2.2.0']) {
    ok(await cmq.publishMessage({ topicName: 'keys', msgBody: routingKey, routingKey }));
  }
  for (const routingKey of ['2.test.0', '1.test', '']) {
    same(await cmq.publishMessage({ topicName: 'keys', msgBody: 'x', routingKey }), noMatch);
  }
  same(await cmq.publishMessage({ topicName: 'keys', msgBody: 'x' }), noMatch);
  await takes('hash', ['1.test.0', '1.0', '1.2.3.4.4.2.2.0']);
  await takes('star', ['1.test.0']);
  await delivered('keys', 'star');
  await refuses('star');
  ok(await cmq.setSubscriptionAttributes({ topicName: 'keys', subscriptionName: 'star', bindingKey: ['#.end'] }));
  ok(await cmq.batchPublishMessage({ topicName: 'keys', msgBody: ['one', 'two'], routingKey: 'the.end' }));
  await takes('star', ['one', 'two']);
});

await step('refused', async () => {
  const subscriptionName = 'missing';
  same(await cmq.publishMessage({ topicName: 'missing', msgBody: 'x' }), noTopic);
  same(await cmq.getTopicAttributes({ topicName: 'missing' }), noTopic);
  same(await attributes('tags', subscriptionName), { code: 4440, message: '(10560)subscription is not existed' });
  same(await client({ secretKey: 'wrong' }).publishMessage({ topicName: 'tags', msgBody: 'x' }), { code: 4100, message: '(10030)authentication failed' });
  same(await cmq.publishMessage({ topicName: 'tags', msgBody: 'x'.repeat(1025) }), { code: 4400, message: '(10230)exceed maximum message size' });
  same(await cmq.publishMessage({ topicName: 'tags', msgBody: 'x', msgTag: [...'abcdef'] }), { code: 4000, message: '(10720)too many msgTag' });
  same(await cmq.subscribe({ topicName: 'tags', subscriptionName, protocol: 'queue', endpoint: 'missing' }), { code: 4000 });
  same(await cmq.subscribe({ topicName: 'tags', subscriptionName, protocol: 'ftp', endpoint: 'red' }), { code: 4000, message: '(10510)undefined protocol' });
  same(await cmq.deleteTopic({ topicName: 'tags' }), { code: 4000, message: '(10540)there exists subscriptions under this topic, please unsubscribe all of them before DeleteTopic' });
});

await step('unsubscribe and delete', async () => {
  for (const subscriptionName of ['all', 'red', 'text', 'web']) {
    ok(await cmq.unsubscribe({ topicName: 'tags', subscriptionName }));
  }
  ok(await cmq.listSubscriptionByTopic({ topicName: 'tags' }), { totalCount: 0, subscriptionList: [] });
  same(await cmq.publishMessage({ topicName: 'tags', msgBody: 'x' }), noSubscribers);
  ok(await cmq.deleteTopic({ topicName: 'tags' }));
  same(await cmq.publishMessage({ topicName: 'tags', msgBody: 'x' }), noTopic);
});

subscriber.close();
subscriber.closeAllConnections();
