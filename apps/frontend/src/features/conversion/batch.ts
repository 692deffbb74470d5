import type { ConversionForm } from '@instandt/api'

/** Files that become one inspection. */
export interface Batch {
  id: string
  /** Project, component and inspection that it is of. */
  of: string
}

/** A second try of what failed belongs to the same inspection; files of another component or inspection never do. */
export function batchFor(
  before: Batch | undefined,
  project: string | undefined,
  form: Pick<ConversionForm, 'component' | 'inspection'>,
): Batch {
  const of = JSON.stringify([project, form.component, form.inspection])
  return before?.of === of ? before : { id: crypto.randomUUID(), of }
}
