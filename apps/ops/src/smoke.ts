import type { Context } from './context.ts'
import { waitFor } from './context.ts'
import { type Deployment, publicAddress } from './deployment.ts'
import { OpsError } from './ops-error.ts'

interface Probe {
  path: string
  what: string
  isGood: (response: Response, body: string) => boolean
}

const probes: Probe[] = [
  { path: '/health/live', what: 'the backend answers', isGood: (response) => response.status === 200 },
  {
    path: '/',
    what: 'the web app is there',
    isGood: (response, body) => response.status === 200 && body.includes('<html'),
  },
  { path: '/api/session', what: 'nobody gets in without signing in', isGood: (response) => response.status === 401 },
  { path: '/dicom-web/studies', what: 'images are behind the door', isGood: (response) => response.status === 401 },
]

/** What is wrong from the outside, or nothing. */
export async function smokeTest(deployment: Deployment): Promise<string | undefined> {
  for (const { path, what, isGood } of probes) {
    try {
      const url = new URL(path, publicAddress(deployment))
      const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(30_000) })
      if (!isGood(response, await response.text())) return `${path} answered ${response.status}: not so that ${what}`
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : ''
      return `${path} did not answer${cause}`
    }
  }
  return undefined
}

/** Looks through Front Door until all is well; the edge takes minutes to learn of a change. */
export async function waitForSmoke(context: Context, deployment: Deployment): Promise<void> {
  let fault: string | undefined
  await waitFor(context, context.config.INSTANDT_SMOKE_SECONDS, 'smoke test', async () => {
    const found = await smokeTest(deployment)
    if (found !== undefined && found !== fault) context.say(found)
    fault = found
    return found === undefined ? true : undefined
  }).catch(() => {
    throw new OpsError(`through Front Door: ${fault ?? 'no answer'}`)
  })
}
