// A Node.js worker for clusterctl, with no package but Node itself (18 or newer).
//
// It serves the listener that systemd passes as FileDescriptorName=http, answers
// questions on the one called "admin", says READY=1 once it listens on both, and
// drains on SIGTERM without losing a request. Started by hand it listens on
// 127.0.0.1:8080.
'use strict';

const { execFile } = require('node:child_process');
const http = require('node:http');
const net = require('node:net');
const { promisify } = require('node:util');

const FIRST_DESCRIPTOR = 3; // SD_LISTEN_FDS_START, sd_listen_fds(3)
// An idle client may be sending already, so a drain leaves it this long.
const IDLE_GRACE = 1000; // milliseconds
// And one that has connected just now longer: on a machine that is out of breath its
// first request comes late, and nobody has told it that it may not.
const FIRST_REQUEST_GRACE = 5000; // milliseconds
// Node calls listen(2) again on the descriptor, which sets the queue's length
// for all workers. Its default is 511.
const BACKLOG = 4096;

const { WORKER_INSTANCE: instance = '', WORKER_RELEASE: release = '' } = process.env;
const began = Date.now() / 1000;
let state = 'starting';
const numbers = { accepted: 0, requests: 0, errors: 0, in_flight: 0, drained: 0 };

function main() {
  const descriptors = inherited(process.env);
  if (!descriptors) {
    web.listen(8080, '127.0.0.1');
    process.once('SIGINT', drain);
  } else {
    if (!('http' in descriptors)) {
      throw new Error(`no socket named "http", got: ${Object.keys(descriptors).join(', ') || 'none'}`);
    }
    start(descriptors);
  }
  process.once('SIGTERM', drain);
}

// start accepts from the shared listener only when systemd knows that the worker
// is ready: one that can't get so far costs no request.
async function start(descriptors) {
  if ('admin' in descriptors) await listen(admin, descriptors.admin);
  state = 'ready';
  await notify('READY=1', `STATUS=serving, process ${process.pid}`);
  if (state === 'stopping') return; // SIGTERM was as fast
  await listen(web, descriptors.http);
  feedWatchdog();
}

// inherited returns the descriptors by name, and undefined without a service
// manager. A worker that systemd started without its sockets must not come up:
// that stops a rollout at its first worker.
function inherited(env) {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES = '', NOTIFY_SOCKET } = env;
  if (LISTEN_FDS === undefined && NOTIFY_SOCKET === undefined) return undefined;
  if (LISTEN_PID !== String(process.pid)) {
    throw new Error(`LISTEN_PID is ${LISTEN_PID}, wanted ${process.pid}, this process`);
  }
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name]; // not for children
  const names = LISTEN_FDNAMES === '' ? ['http'] : LISTEN_FDNAMES.split(':');
  return Object.fromEntries(names.slice(0, Number(LISTEN_FDS)).map((name, i) => [name, FIRST_DESCRIPTOR + i]));
}

function listen(server, fd) {
  return new Promise((resolve) => server.listen({ fd }, BACKLOG, resolve));
}

// systemd-notify is a child, so the unit needs NotifyAccess=all. Without
// systemd-notify use Type=exec and let the health check be the gate.
async function notify(...lines) {
  if (process.env.NOTIFY_SOCKET) await promisify(execFile)('systemd-notify', lines);
}

// The watchdog is fed by the event loop that serves.
function feedWatchdog() {
  const { WATCHDOG_USEC: period, WATCHDOG_PID: guarded = String(process.pid) } = process.env;
  if (period && guarded === String(process.pid)) setInterval(() => notify('WATCHDOG=1'), period / 3000).unref();
}

const web = http.createServer((request, response) => {
  numbers.in_flight++;
  response.once('close', () => {
    numbers.in_flight--;
    numbers.requests++;
    if (response.statusCode >= 500) numbers.errors++;
  });
  const url = new URL(request.url, 'http://worker');
  setTimeout(() => {
    const body = `worker ${instance}, release ${release}, process ${process.pid}\n`;
    const headers = {
      'Content-Length': Buffer.byteLength(body),
      'X-Worker': instance,
      'X-Release': release,
      'X-Pid': String(process.pid),
    };
    // Decided when the response begins: SIGTERM may have come since the request.
    if (state === 'stopping') headers.Connection = 'close';
    response.writeHead(200, headers).end(body);
  }, milliseconds(url.searchParams.get('sleep')));
});

// Longer than any proxy in front keeps a connection unused, so that the proxy
// is the one that closes it.
web.keepAliveTimeout = 75_000;

// connections holds each open connection with the number of its requests that
// wait for their response.
const connections = new Map();
const fresh = new Set(); // those that have sent no request yet

web.on('connection', (socket) => {
  connections.set(socket, 0);
  numbers.accepted++;
  socket.once('close', () => {
    connections.delete(socket);
    fresh.delete(socket);
    if (state === 'stopping') numbers.drained++;
  });
  fresh.add(socket);
  if (state === 'stopping') socket.setTimeout(FIRST_REQUEST_GRACE); // accepted in the same moment
});

web.on('request', ({ socket }, response) => {
  fresh.delete(socket);
  connections.set(socket, connections.get(socket) + 1);
  response.once('close', () => {
    if (connections.has(socket)) connections.set(socket, connections.get(socket) - 1);
  });
});

// Node would cut a connection that is silent for its timeout even while its
// request is being worked on.
web.on('timeout', (socket) => {
  if (!connections.get(socket)) socket.destroy();
});

const questions = {
  'GET /healthz': () => [200, 'ok\n'],
  'GET /readyz': () => [state === 'ready' ? 200 : 503, `${state}\n`],
  'GET /stats': () => [200, `${JSON.stringify(stats())}\n`],
  // Node can't leave a listener and come back to it.
  'POST /drain': () => [501, 'restart the worker\n'],
  'POST /undrain': () => [501, 'restart the worker\n'],
};

function stats() {
  const http = { ...numbers, connections: connections.size };
  return { state, pid: process.pid, start_time_seconds: began, services: { http } };
}

const admin = http.createServer((request, response) => {
  const answer = questions[`${request.method} ${request.url}`] ?? (() => [404, 'not found\n']);
  const [status, body] = answer();
  response.writeHead(status, { Connection: 'close', 'Content-Length': body.length, 'X-Worker': instance }).end(body);
});

// drain accepts nothing more and ends when no connection is left. Each request
// that still comes is answered, and is its connection's last.
function drain() {
  state = 'stopping';
  notify('STOPPING=1', 'STATUS=draining');
  web.keepAliveTimeout = IDLE_GRACE; // for a response that had begun before
  for (const socket of connections.keys()) socket.setTimeout(fresh.has(socket) ? FIRST_REQUEST_GRACE : IDLE_GRACE);
  // http.Server.close() would, since Node 19, close idle connections at once,
  // with the requests that are on their way. net.Server's leaves them to us.
  net.Server.prototype.close.call(web, () => {
    admin.close();
    admin.closeAllConnections();
  });
}

// milliseconds reads "250ms", "1s" or nothing.
function milliseconds(duration) {
  const [, number = '0', unit = 'ms'] = /^([\d.]+)(ms|s)$/.exec(duration ?? '') ?? [];
  return Number(number) * (unit === 's' ? 1000 : 1);
}

main();
