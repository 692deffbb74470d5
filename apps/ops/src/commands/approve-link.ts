import type { Command } from '../command.ts'
import { approve, type Connection, listConnections } from '../connections.ts'
import { type Context, numberOf, waitFor } from '../context.ts'
import type { Deployment } from '../deployment.ts'
import { OpsError } from '../ops-error.ts'

/**
 * Approves what Front Door of this stack asked for. It asks minutes after its origins were made, sometimes more than
 * once: looks until there is at least one, then approves all that are pending. Every other one is left alone.
 */
export async function approveLink(context: Context, deployment: Deployment, seconds: number): Promise<number> {
  const azure = context.azure(deployment.subscriptionId)
  const { message } = deployment.link
  const listOurs = async (): Promise<Connection[]> =>
    (await listConnections(azure, deployment)).filter((one) => one.isOurs)
  context.say(`looking for connections that carry '${message}'`)
  const ours = await waitFor(
    context,
    context.isDryRun ? 0 : seconds,
    `no connection carries '${message}' yet; Front Door asks minutes after its origins were made: repeat the command`,
    async () => {
      const found = await listOurs()
      return found.length > 0 ? found : undefined
    },
  )
  const rejected = ours.filter((one) => one.status === 'Rejected' || one.status === 'Disconnected')
  for (const one of rejected) context.say(`${one.name} is ${one.status}: remove its origin and deploy again`)
  if (rejected.length === ours.length) throw new OpsError('every connection of ours was rejected', 3)
  const pending = ours.filter((one) => one.status === 'Pending')
  for (const one of pending) {
    context.say(`${context.isDryRun ? 'would approve' : 'approving'} ${one.name}`)
    if (!context.isDryRun) await approve(context, deployment, one)
  }
  if (!context.isDryRun && pending.length > 0) {
    await waitFor(context, 300, 'the approval was not taken over within 5 minutes; repeat the command', async () => {
      const left = (await listOurs()).filter((one) => one.status === 'Pending')
      return left.length === 0 ? true : undefined
    })
  }
  context.print(
    pending.length === 0
      ? 'approved already\n'
      : `${context.isDryRun ? 'would approve' : 'approved'} ${pending.length}\n`,
  )
  return 0
}

export const approveLinkCommand: Command = {
  help: `  approve-link   approves the private connection that carries this stack's message, and no other
    --wait-minutes N   for Front Door to ask (20)`,
  options: { 'wait-minutes': { type: 'string', default: '20' } },
  async run(context) {
    const minutes = numberOf(context, 'wait-minutes', 0, 1440)
    return approveLink(context, await context.deployment(), minutes * 60)
  },
}
