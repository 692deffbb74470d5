// Health command of the containers: exit 0 when the process answers, 1 otherwise. Only a worker has WORKER_PORT.
// oxlint-disable-next-line node/no-process-env -- no configuration is read here
const { WORKER_PORT, PORT = '8080' } = process.env
const url = `http://127.0.0.1:${WORKER_PORT ?? PORT}/health/live`
const answer = await fetch(url, { signal: AbortSignal.timeout(4000) }).catch(() => undefined)
process.exitCode = answer?.ok === true ? 0 : 1
