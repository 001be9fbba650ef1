// A whole session with the mock agent, through any client.
//
// A client is {call, notify, onNotification, dialects}: call(method, params)
// returns {answer, cancel}, where answer is a promise that fails with an error
// that has code and data, and cancel(dialect) gives the request up. dialects
// are the ways in which the client can do that.
'use strict';

async function drive(client) {
  // Notifications can come before the code behind an await has run, so they
  // are kept by subscription, whichever that is.
  const bySubscription = new Map();
  const streamEnds = [];
  const waiting = [];
  const eventsOf = (id) => {
    if (!bySubscription.has(id)) bySubscription.set(id, []);
    return bySubscription.get(id);
  };
  let events = [];

  client.onNotification('session/event', ({ subscriptionId, event }) => {
    eventsOf(subscriptionId).push(event);
    settle();
  });
  client.onNotification('session/streamEnded', (end) => {
    streamEnds.push(end);
    settle();
  });

  // settle ends those waits whose condition has come true.
  function settle() {
    for (let i = waiting.length - 1; i >= 0; i--) {
      const found = waiting[i].find();
      if (found) waiting.splice(i, 1)[0].resolve(found);
    }
  }
  const until = (find) => new Promise((resolve) => {
    waiting.push({ find, resolve });
    settle();
  });
  const eventOf = (turn, type) => until(() => events.find((e) => e.turn_id === turn && e.type === type));
  const request = (method, params) => client.call(method, params).answer;
  const send = async (message) => (await request('sessions/sendMessage', { sessionId: 's', message })).turnId;
  const stopReason = async (turn) => (await eventOf(turn, 'turn.ended')).data.stop_reason;
  const said = (turn) => events
    .filter((e) => e.turn_id === turn && e.type === 'item.completed')
    .map((e) => e.data.item)
    .filter((item) => item.kind === 'message' && item.role === 'assistant')
    .map((item) => item.content.map((part) => part.text ?? '').join(''));
  const failure = (promise) => promise.then(
    (result) => ({ result }),
    (error) => ({ code: error.code, type: error.data?.type }),
  );

  const verdict = {};
  const init = await request('initialize', { protocolVersion: '1', clientInfo: { name: 'a test' }, capabilities: {} });
  verdict.initialize = {
    protocolVersion: init.protocolVersion,
    server: init.serverInfo.name,
    agents: init.agents,
    maxMessageBytes: init.limits.maxMessageBytes,
    canSend: init.methods.includes('sessions/sendMessage'),
  };
  verdict.health = await request('health');
  verdict.create = await request('sessions/create', { sessionId: 's', agent: 'mock' });
  const subscription = (await request('sessions/subscribe', { sessionId: 's' })).subscriptionId;
  events = eventsOf(subscription);

  let turn = await send('Grüße, 世界 😀 \u2028 "quoted"');
  verdict.echo = { stopReason: await stopReason(turn), said: said(turn) };

  turn = await send('gate ls');
  const permission = (await eventOf(turn, 'permission.requested')).data;
  verdict.waiting = (await request('sessions/get', { sessionId: 's' })).status;
  await request('permissions/reply', { sessionId: 's', permissionId: permission.permission_id, reply: 'once' });
  verdict.permission = {
    options: permission.options.map((o) => o.kind),
    stopReason: await stopReason(turn),
    resolved: (await eventOf(turn, 'permission.resolved')).data.status,
  };

  turn = await send('ask');
  const question = (await eventOf(turn, 'question.requested')).data;
  const answers = [['Red'], ['Cheese', 'Basil'], ['Ada'], ['hush']];
  await request('questions/reply', { sessionId: 's', questionId: question.question_id, answers });
  verdict.question = {
    asked: question.questions.map((q) => q.header),
    stopReason: await stopReason(turn),
    responses: (await eventOf(turn, 'question.resolved')).data.responses,
  };

  turn = await send('wait');
  await eventOf(turn, 'turn.started');
  verdict.interrupt = await request('sessions/interrupt', { sessionId: 's' });
  verdict.interrupted = await stopReason(turn);

  // To interrupt a turn that has not begun is answered when the one before it
  // has ended. That wait is given up, in every way that the client knows.
  turn = await send('wait');
  const queued = await send('echo never');
  verdict.cancelled = [];
  for (const dialect of client.dialects) {
    const wait = client.call('sessions/interrupt', { sessionId: 's', turnId: queued });
    wait.cancel(dialect);
    verdict.cancelled.push(await failure(wait.answer));
  }
  const info = await request('sessions/get', { sessionId: 's' });
  verdict.afterCancel = { status: info.status, sameTurn: info.turnId === turn };
  await request('sessions/interrupt', { sessionId: 's' });
  verdict.afterInterrupt = [await stopReason(turn), await stopReason(queued)];

  const stream = await request('sessions/sendMessageStream', { sessionId: 's', message: 'echo streamed' });
  const end = await until(() => streamEnds.find((e) => e.subscriptionId === stream.subscriptionId));
  const streamed = eventsOf(stream.subscriptionId);
  verdict.stream = {
    reason: end.reason,
    types: streamed.filter((e) => e.turn_id === stream.turnId).map((e) => e.type),
    others: streamed.filter((e) => e.turn_id !== stream.turnId).length,
  };

  verdict.unknown = await failure(request('sessions/get', { sessionId: 'nobody' }));
  await request('sessions/terminate', { sessionId: 's' });
  await until(() => events.find((e) => e.type === 'session.ended'));
  verdict.ended = await failure(request('sessions/sendMessage', { sessionId: 's', message: 'hello?' }));
  verdict.shutdown = await request('shutdown');
  verdict.streamEnd = (await until(() => streamEnds.find((e) => e.subscriptionId === subscription))).reason;
  verdict.gapless = events.every((e, i) => e.sequence === i + 1);
  client.notify('exit');
  return verdict;
}

// exitOf resolves to the exit code of a child process.
const exitOf = (child) => new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));

// report runs a client's session and prints its verdict as one line of JSON.
async function report(child, client) {
  const exit = exitOf(child);
  const verdict = await drive(client);
  verdict.exit = await exit;
  process.stdout.write(JSON.stringify(verdict) + '\n');
}

module.exports = { report };
