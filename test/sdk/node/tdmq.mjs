// API 3.0, product tdmq, by tencentcloud-sdk-nodejs 4.1.313, and API 2.0 next
// to it by cmq-sdk. Answers are compared whole: what is null must be null.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import tencent from 'tencentcloud-sdk-nodejs/tencentcloud/services/tdmq/index.js';
import classic from 'tencentcloud-sdk-nodejs/tencentcloud/services/cmq/index.js';
import { cmq as legacy, drain, endpoint, listen, ok, reach, secretId, secretKey, settled, step } from './sdk.mjs';

const options = (given = {}, credential = {}) => {
  const { signMethod, ...httpProfile } = given;
  return { credential: { secretId, secretKey, ...credential }, region: 'ap-guangzhou', profile: { signMethod, httpProfile: { endpoint, protocol: 'http://', reqTimeout: 10, ...httpProfile } } };
};
const clientOf = (...args) => new tencent.tdmq.v20200217.Client(options(...args));
const client = clientOf();
const cmq = new classic.cmq.v20190304.Client(options());

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

// told is an answer without its request id.
async function told(call) {
  const { RequestId, ...answer } = await call;
  assert.match(RequestId, uuid);
  return answer;
}

async function refused(call, code, message = '') {
  await assert.rejects(call, (err) => {
    assert.deepEqual([err.code, err.message.includes(message), uuid.test(err.requestId)], [code, true, true], err);
    return true;
  });
}

// still is a description without what is different each time; unit is the
// milliseconds that its times are counted in.
function still({ CreateTime, LastModifyTime, QueueId, TopicId, SubscriptionId, ...description }, unit = 1) {
  for (const time of [CreateTime, LastModifyTime]) {
    assert.ok(Math.abs(time * unit - Date.now()) < 60000, `${time}`);
  }
  assert.match(QueueId ?? TopicId ?? SubscriptionId, unit === 1 ? /^(cmqq|cmqt|subsc)-[a-z0-9]+$/ : /^(queue|topic|subsc)-[a-z0-9]+$/);
  return description;
}

const describe = async (QueueName) => still((await told(client.DescribeCmqQueueDetail({ QueueName }))).QueueDescribe);
const counts = { ActiveMsgNum: 0, InactiveMsgNum: 0, DelayMsgNum: 0, RewindMsgNum: 0, MinMsgTime: 0 };
const same = { ...counts, Qps: 5000, Bps: 52428800, MaxDelaySeconds: 6048000, DeadLetterSource: [], Tags: [], CreateUin: 100000000001 };
const unsaid = { DeadLetterPolicy: null, TransactionPolicy: null, Transaction: null, Trace: null };
const here = { TenantId: 'cmq-1250000000', Status: 1 };
const newest = { ...here, MaxUnackedMsgNum: 100000, MaxMsgBacklogSize: 10737418240 };
const set = { MaxMsgHeapNum: 1000000, PollingWaitSeconds: 3, VisibilityTimeout: 60, MaxMsgSize: 2048, MsgRetentionSeconds: 7200, RewindSeconds: 3600, Trace: true, RetentionSizeInMB: 10240 };
const Tags = [{ TagKey: 'team', TagValue: '蓝' }, { TagKey: 'env', TagValue: '' }];

await step('queue', async () => {
  await told(client.CreateCmqQueue({ QueueName: 'plain' }));
  assert.deepEqual(await describe('plain'), { ...same, ...unsaid, ...newest, QueueName: 'plain', NamespaceName: 'CMQ_QUEUE-plain', RetentionSizeInMB: null,
    MaxMsgHeapNum: 100000000, PollingWaitSeconds: 0, VisibilityTimeout: 30, MaxMsgSize: 1048576, MsgRetentionSeconds: 345600, RewindSeconds: 0 });
  const said = { ...set, Transaction: 1, FirstQueryInterval: 10, MaxQueryCount: 3, DeadLetterQueueName: 'plain', Policy: 0, MaxReceiveCount: 5, MaxTimeToLive: 300, Tags };
  await told(client.CreateCmqQueue({ QueueName: 'node', ...said }));
  const now = { ...same, ...newest, ...set, QueueName: 'node', NamespaceName: 'CMQ_QUEUE-node', Tags, Transaction: true, TransactionPolicy: { FirstQueryInterval: 10, MaxQueryCount: 3 },
    DeadLetterPolicy: { DeadLetterQueue: 'plain', Policy: 0, MaxReceiveCount: 5, MaxTimeToLive: 300 } };
  assert.deepEqual(await describe('node'), now);
  await told(client.ModifyCmqQueueAttribute({ QueueName: 'node', VisibilityTimeout: 1, Trace: false, RetentionSizeInMB: 0 }));
  assert.deepEqual(await describe('node'), { ...now, VisibilityTimeout: 1, Trace: false, RetentionSizeInMB: 0 });
  await told(client.UnbindCmqDeadLetter({ SourceQueueName: 'node' }));
  assert.deepEqual(await describe('node'), { ...now, VisibilityTimeout: 1, Trace: false, RetentionSizeInMB: 0, DeadLetterPolicy: null });
});

await step('queues by page, name and tag', async () => {
  await told(client.CreateCmqQueue({ QueueName: 'a-node' }));
  for (const [params, ...want] of [
    [{ QueueName: 'node' }, 2, 'node', 'a-node'],
    [{ QueueName: 'node', Limit: 1, Offset: 1 }, 2, 'a-node'],
    [{ QueueNameList: ['plain', 'NODE', 'none'] }, 2, 'node', 'plain'],
    [{ IsTagFilter: true, Filters: [{ Name: 'tag:team', Values: ['red', '蓝'] }] }, 1, 'node'],
    [{ IsTagFilter: false, Filters: [{ Name: 'tag:team', Values: ['red'] }] }, 3, 'a-node', 'node', 'plain'],
    [{ QueueName: 'nothing' }, 0],
  ]) {
    const { TotalCount, QueueList } = await told(client.DescribeCmqQueues(params));
    assert.deepEqual([TotalCount, ...QueueList.map((q) => q.QueueName)], want, JSON.stringify(params));
  }
});

await step('product cmq counts seconds', async () => {
  const { TotalCount, QueueSet } = await told(cmq.DescribeQueueDetail({ QueueName: 'plain' }));
  assert.deepEqual([TotalCount, still(QueueSet[0], 1000)], [1, { ...same, ...unsaid, QueueName: 'plain', Migrate: 4,
    MaxMsgHeapNum: 100000000, PollingWaitSeconds: 0, VisibilityTimeout: 30, MaxMsgSize: 1048576, MsgRetentionSeconds: 345600, RewindSeconds: 0 }]);
  assert.deepEqual(await told(cmq.DescribeQueueDetail({ Filters: [{ Name: 'QueueName', Values: ['nothing'] }] })), { TotalCount: 0, QueueSet: [] });
});

await step('send, and receive by API 2.0', async () => {
  const MsgContent = '@all 你好 a+b&c=d%20 😀 "</script>\r\n';
  const { MsgId, Result } = await told(client.SendCmqMsg({ QueueName: 'node', MsgContent, DelaySeconds: 0 }));
  assert.equal(Result, true);
  const [{ msgBody, msgId, receiptHandle }] = await drain('node', 1);
  assert.deepEqual([msgBody, msgId], [MsgContent, MsgId]);
  ok(await legacy.deleteMessage({ queueName: 'node', receiptHandle }));
  await told(client.RewindCmqQueue({ QueueName: 'node', StartConsumeTime: Date.now() - 60000 }));
  assert.deepEqual((await drain('node', 1)).map((m) => m.msgBody), [MsgContent]);
  await told(client.SendCmqMsg({ QueueName: 'node', MsgContent: 'later', DelaySeconds: 3600 }));
  await settled(() => legacy.getQueueAttributes({ queueName: 'node' }), { delayMsgNum: 1, maxMsgSize: 2048, rewindSeconds: 3600 });
  await told(client.ClearCmqQueue({ QueueName: 'node' }));
  await settled(() => legacy.getQueueAttributes({ queueName: 'node' }), { activeMsgNum: 0, inactiveMsgNum: 0, delayMsgNum: 0 });
});

await step('a queue of API 2.0', async () => {
  ok(await legacy.createQueue({ queueName: 'old', visibilityTimeout: 45 }));
  assert.deepEqual(await describe('old'), { ...same, ...unsaid, ...newest, QueueName: 'old', NamespaceName: 'CMQ_QUEUE-old', RetentionSizeInMB: null,
    MaxMsgHeapNum: 100000000, PollingWaitSeconds: 0, VisibilityTimeout: 45, MaxMsgSize: 65536, MsgRetentionSeconds: 345600, RewindSeconds: 0 });
  await told(client.SendCmqMsg({ QueueName: 'OLD', MsgContent: 'x', DelaySeconds: 0 }));
  assert.equal((await drain('old', 1))[0].msgBody, 'x');
  await told(client.DeleteCmqQueue({ QueueName: 'old' }));
});

const subscriber = http.createServer(async (request, response) => {
  let body = '';
  for await (const part of request.setEncoding('utf8')) body += part;
  response.end();
  subscriber.emit('pushed', body);
});
subscriber.listen(0, listen);
await once(subscriber, 'listening');

await step('topic', async () => {
  const topic = { TopicName: 'news', MaxMsgSize: 4096, FilterType: 1, MsgRetentionSeconds: 3600, Trace: true };
  await told(client.CreateCmqTopic({ ...topic, Tags }));
  const { TopicDescribe } = await told(client.DescribeCmqTopicDetail({ TopicName: 'news' }));
  const want = { ...topic, ...here, Tags, NamespaceName: 'CMQ_TOPIC-news', Qps: 5000, MsgCount: 0, CreateUin: 100000000001, BrokerType: 1, SubscriptionCount: 0 };
  assert.deepEqual(still(TopicDescribe), want);
  const { TotalCount, TopicList } = await told(client.DescribeCmqTopics({ TopicNameList: ['news'], IsTagFilter: false }));
  assert.deepEqual([TotalCount, ...TopicList.map((t) => still(t))], [1, want]);
});

await step('subscription', async () => {
  const Endpoint = `http://${reach}:${subscriber.address().port}/hook?a=1&b=2`;
  await told(client.CreateCmqSubscribe({ TopicName: 'news', SubscriptionName: 'web', Protocol: 'http', Endpoint, FilterTag: ['red', '蓝'] }));
  await told(client.CreateCmqSubscribe({ TopicName: 'news', SubscriptionName: 'box', Protocol: 'queue', Endpoint: 'plain', NotifyContentFormat: 'SIMPLIFIED' }));
  const subscription = { TopicName: 'news', TopicOwner: 1250000000, MsgCount: 0, NotifyStrategy: 'EXPONENTIAL_DECAY_RETRY', BindingKey: [] };
  const web = { ...subscription, SubscriptionName: 'web', Protocol: 'http', Endpoint, NotifyContentFormat: 'JSON', FilterTags: ['red', '蓝'] };
  const box = { ...subscription, SubscriptionName: 'box', Protocol: 'queue', Endpoint: 'plain', NotifyContentFormat: 'SIMPLIFIED', FilterTags: [] };
  const of = async (params) => (await told(client.DescribeCmqSubscriptionDetail(params))).SubscriptionSet.map((s) => still(s));
  assert.deepEqual(await of({ TopicName: 'news' }), [box, web]);
  assert.deepEqual(await of({ QueryType: 'queue', QueueName: 'plain' }), [box]);
  assert.deepEqual(await of({ TopicName: 'none' }), []);
  const pushed = once(subscriber, 'pushed', { signal: AbortSignal.timeout(10000) });
  const { MsgId } = await told(client.PublishCmqMsg({ TopicName: 'news', MsgContent: '你好', MsgTag: ['big', '蓝'] }));
  const { msgId, msgBody } = JSON.parse((await pushed)[0]);
  assert.deepEqual([msgId, msgBody], [MsgId, '你好']);
  assert.equal((await drain('plain', 1))[0].msgBody, '你好');
});

await step('routing keys', async () => {
  await told(client.CreateCmqTopic({ TopicName: 'keys', FilterType: 2 }));
  await told(client.CreateCmqQueue({ QueueName: 'star' }));
  await told(client.CreateCmqSubscribe({ TopicName: 'keys', SubscriptionName: 's', Protocol: 'queue', Endpoint: 'star', BindingKey: ['a.*'] }));
  await told(client.PublishCmqMsg({ TopicName: 'keys', MsgContent: 'x', MsgTag: ['a.b'] }));
  await refused(client.PublishCmqMsg({ TopicName: 'keys', MsgContent: 'x', MsgTag: ['b', 'a.b'] }), 'FailedOperation', '(10730)');
  assert.equal((await drain('star', 1))[0].msgBody, 'x');
});

for (const signMethod of ['TC3-HMAC-SHA256', 'HmacSHA1', 'HmacSHA256']) {
  for (const reqMethod of ['GET', 'POST']) {
    await step(`${signMethod} ${reqMethod}`, async () => {
      const way = { signMethod, reqMethod };
      const TopicName = `t${signMethod}${reqMethod}`;
      await told(clientOf(way).CreateCmqTopic({ TopicName, MaxMsgSize: 1024, Tags }));
      const { TopicDescribe } = await told(clientOf(way).DescribeCmqTopicDetail({ TopicName }));
      assert.deepEqual([TopicDescribe.MaxMsgSize, TopicDescribe.Tags], [1024, Tags]);
      await refused(clientOf(way).CreateCmqTopic({ TopicName }), 'ResourceInUse.Topic', '(10550)');
      await refused(clientOf(way, { secretKey: 'wrong' }).DescribeCmqQueues({}), 'AuthFailure.SignatureFailure', 'The provided credentials could not be validated.');
    });
  }
}

await step('an endpoint by name', async () => {
  await told(clientOf({ endpoint: endpoint.replace('127.0.0.1', 'localhost') }).DescribeCmqQueues({}));
});

await step('refused', async () => {
  const QueueName = 'nowhere';
  const TopicName = 'nowhere';
  await refused(client.DescribeCmqQueueDetail({ QueueName }), 'ResourceNotFound', '(10100)');
  await refused(client.DescribeCmqTopicDetail({ TopicName }), 'ResourceNotFound', '(10600)');
  await refused(client.DeleteCmqTopic({ TopicName }), 'ResourceNotFound.Topic', '(10600)');
  await refused(client.DeleteCmqTopic({ TopicName: 'news' }), 'FailedOperation', '(10540)');
  await refused(client.CreateCmqQueue({ QueueName: 'node' }), 'ResourceInUse.Queue', '(10210)');
  await refused(client.CreateCmqQueue({ QueueName, PollingWaitSeconds: 31 }), 'InvalidParameterValue', 'PollingWaitSeconds');
  await refused(client.CreateCmqQueue({ QueueName, PollingWaitSeconds: 'x' }), 'InvalidParameter', 'PollingWaitSeconds');
  await refused(client.CreateCmqQueue({}), 'MissingParameter', 'QueueName');
  await refused(client.CreateTopic({ TopicName }), 'InvalidAction', 'Pulsar');
  await refused(client.ReceiveMessage({}), 'InvalidAction', 'Pulsar');
  await refused(clientOf({}, { secretId: 'AKIDnobody' }).DescribeCmqQueues({}), 'AuthFailure.SecretIdNotFound', 'SecretId');
});

await step('delete', async () => {
  for (const SubscriptionName of ['web', 'box']) {
    await told(client.DeleteCmqSubscribe({ TopicName: 'news', SubscriptionName }));
  }
  await told(client.DeleteCmqTopic({ TopicName: 'news' }));
  await told(client.DeleteCmqQueue({ QueueName: 'node' }));
  await refused(client.DeleteCmqQueue({ QueueName: 'node' }), 'ResourceNotFound', '(10100)');
});
subscriber.close();
