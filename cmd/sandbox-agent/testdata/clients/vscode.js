// A client on Microsoft's vscode-jsonrpc, which frames its messages with
// Content-Length headers.
'use strict';

const { spawn } = require('node:child_process');
const rpc = require('vscode-jsonrpc/node');
const { report } = require('./session.js');

const child = spawn(process.argv[2], ['stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
const connection = rpc.createMessageConnection(
  new rpc.StreamMessageReader(child.stdout),
  new rpc.StreamMessageWriter(child.stdin),
);
connection.onError(([error]) => {
  console.error(error);
  process.exit(1);
});
connection.listen();

report(child, {
  dialects: ['$/cancelRequest'],
  onNotification: (method, handler) => connection.onNotification(method, handler),
  notify: (method) => connection.sendNotification(method),
  call(method, params) {
    const source = new rpc.CancellationTokenSource();
    const answer = params === undefined
      ? connection.sendRequest(method, source.token)
      : connection.sendRequest(method, params, source.token);
    return { answer, cancel: () => source.cancel() };
  },
});
