import type { WebhookChange } from '@instandt/api'
import type { WebhookValues } from './webhook-form.tsx'

/** What of it is another than before; undefined when all is the same. What stays is not sent: it would begin a new attempt. */
export function changedValues(before: WebhookValues, { name, url, kinds }: WebhookValues): WebhookChange | undefined {
  const isSameKinds = kinds.length === before.kinds.length && kinds.every((kind) => before.kinds.includes(kind))
  const change: WebhookChange = {
    ...(name.trim() === before.name ? {} : { name }),
    ...(url === before.url ? {} : { url }),
    ...(isSameKinds ? {} : { kinds }),
  }
  return Object.keys(change).length === 0 ? undefined : change
}
