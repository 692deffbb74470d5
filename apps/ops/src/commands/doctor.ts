import { setTimeout as sleep } from 'node:timers/promises'
import { appChecks } from '../checks/app-checks.ts'
import { closedChecks, keptChecks } from '../checks/data-checks.ts'
import { edgeChecks } from '../checks/edge-checks.ts'
import { check, fault, ok, report, warning } from '../checks/report.ts'
import type { Command } from '../command.ts'
import { publicAddress } from '../deployment.ts'
import { smokeTest } from '../smoke.ts'

export const doctorCommand: Command = {
  help: `  doctor         looks at a running installation, point by point; changes nothing`,
  async run(context) {
    const deployment = await context.deployment()
    const azure = context.azure(deployment.subscriptionId)
    return report(context, [
      await check('from the outside', async () => {
        const first = await smokeTest(deployment)
        if (first === undefined) return ok(publicAddress(deployment))
        await sleep(1000)
        const again = await smokeTest(deployment)
        return again === undefined ? warning(`second try only: ${first}`) : fault(again)
      }),
      ...(await edgeChecks(context.config, azure, deployment)),
      ...(await closedChecks(azure, deployment)),
      ...(await keptChecks(azure, deployment)),
      ...(await appChecks(azure, deployment)),
    ])
  },
}
