// Health command of the containers: exit 0 when the process answers, 1 otherwise. The worker says its port itself.
// oxlint-disable-next-line node/no-process-env -- no configuration is read here
const port = process.argv[2] ?? process.env.PORT ?? '8080'
const answer = await fetch(`http://127.0.0.1:${port}/health/live`, { signal: AbortSignal.timeout(4000) }).catch(
  () => undefined,
)
process.exitCode = answer?.ok === true ? 0 : 1
