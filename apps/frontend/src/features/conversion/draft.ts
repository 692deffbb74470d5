import {
  type ConversionForm,
  conversionFormSchema,
  type ConversionSource,
  type PixelSizeKind,
  type RawGeometry,
  rawGeometrySchema,
} from '@instandt/api'

/** Text fields of the form by section; the path leads to their place in the contract. */
export const sections = {
  component: {
    componentName: ['component', 'name'],
    componentNumber: ['component', 'number'],
    componentOwner: ['component', 'owner'],
    material: ['component', 'material'],
    componentManufacturer: ['component', 'manufacturer'],
    manufacturingDate: ['component', 'manufacturingDate'],
    notes: ['component', 'notes'],
  },
  inspection: {
    date: ['inspection', 'date'],
    time: ['inspection', 'time'],
    orderNumber: ['inspection', 'orderNumber'],
    inspectionNumber: ['inspection', 'number'],
    description: ['inspection', 'description'],
    company: ['inspection', 'company'],
    inspector: ['inspection', 'inspector'],
    certifyingInspector: ['inspection', 'certifyingInspector'],
    viewDescription: ['view', 'description'],
    operator: ['view', 'operator'],
  },
  equipment: {
    manufacturer: ['equipment', 'manufacturer'],
    model: ['equipment', 'model'],
    serialNumber: ['equipment', 'serialNumber'],
    station: ['equipment', 'station'],
    modality: ['view', 'modality'],
  },
  digitiser: {
    digitiserClass: ['digitiser', 'digitiserClass'],
    densityFrom: ['digitiser', 'densityFrom'],
    densityTo: ['digitiser', 'densityTo'],
    calibratedOn: ['digitiser', 'calibratedOn'],
  },
  pixelSize: {
    rowMm: ['pixelSize', 'rowMm'],
    columnMm: ['pixelSize', 'columnMm'],
    calibration: ['pixelSize', 'description'],
  },
  raw: {
    rawColumns: ['raw', 'columns'],
    rawRows: ['raw', 'rows'],
    rawFrames: ['raw', 'frames'],
    rawOffset: ['raw', 'offset'],
    rawBitsStored: ['raw', 'bitsStored'],
  },
} as const

export type Section = keyof typeof sections
export type FieldKey = { [S in Section]: keyof (typeof sections)[S] }[Section]

/** The form while it is being filled in: what was typed, as it was typed. */
export interface Draft {
  values: Partial<Record<FieldKey, string>>
  source: ConversionSource
  pixelSize: PixelSizeKind
  by: 'known-length' | 'geometry'
  isRaw: boolean
  raw: Pick<RawGeometry, 'bitsAllocated' | 'byteOrder' | 'photometric' | 'isSigned'>
}

export const emptyDraft: Draft = {
  values: {},
  source: 'film',
  pixelSize: 'file',
  by: 'known-length',
  isRaw: false,
  raw: { bitsAllocated: 16, byteOrder: 'little', photometric: 'MONOCHROME2', isSigned: false },
}

const numbers = new Set<FieldKey>([
  ...(Object.keys(sections.raw) as FieldKey[]),
  'densityFrom',
  'densityTo',
  'rowMm',
  'columnMm',
])

/** Differ from part to part, so a template does not keep them. */
const ofOnePart: readonly FieldKey[] = [
  'componentName',
  'componentNumber',
  'manufacturingDate',
  'notes',
  'date',
  'time',
  'orderNumber',
  'inspectionNumber',
]

/** What was typed, where the contract has it; a comma is a decimal point too. */
function placed(draft: Draft, keys: readonly Section[]): Record<string, Record<string, unknown>> {
  const form: Record<string, Record<string, unknown>> = {}
  for (const section of keys) {
    for (const [key, [group, name]] of Object.entries(sections[section]) as [FieldKey, [string, string]][]) {
      const text = draft.values[key]?.trim() ?? ''
      form[group] ??= {}
      if (text === '') continue
      form[group][name] = numbers.has(key) ? Number(text.replace(',', '.')) : text
    }
  }
  return form
}

function formOf(draft: Draft): unknown {
  const { source, pixelSize, by } = draft
  const {
    digitiser,
    pixelSize: size,
    view,
    ...form
  } = placed(draft, ['component', 'inspection', 'equipment', 'digitiser', 'pixelSize'])
  const isTyped = pixelSize !== 'none' && pixelSize !== 'file'
  const { description, ...sides } = size ?? {}
  return {
    ...form,
    // A film's is given by the kind of its object.
    view: source === 'film' ? withoutModality(view) : { ...view },
    source,
    ...(source === 'film' ? { digitiser } : {}),
    pixelSize: {
      kind: pixelSize,
      ...(isTyped ? sides : {}),
      ...(pixelSize === 'calibrated' ? { by, description } : {}),
    },
  }
}

function withoutModality({ modality: _modality, ...view }: Record<string, unknown> = {}): Record<string, unknown> {
  return view
}

export interface Filled {
  form?: ConversionForm
  raw?: RawGeometry
  /** Fields that cannot stay as they are. */
  faults: Partial<Record<FieldKey, true>>
}

const keyByPath = new Map(
  Object.values(sections).flatMap((section) =>
    Object.entries(section).map(([key, path]) => [(path as readonly string[]).join('.'), key as FieldKey] as const),
  ),
)

/** The contract's form, or the fields that are not what it asks for. */
export function fillIn(draft: Draft): Filled {
  const faults: Filled['faults'] = {}
  const note = (issues: readonly { path: PropertyKey[] }[], prefix: readonly string[] = []): void => {
    for (const { path } of issues) {
      const key = keyByPath.get([...prefix, ...path].map(String).join('.'))
      if (key !== undefined) faults[key] = true
    }
  }
  const form = conversionFormSchema.safeParse(formOf(draft))
  if (!form.success) note(form.error.issues)
  const { componentName = '', componentNumber = '' } = draft.values
  if (componentName.trim() === '' && componentNumber.trim() === '') faults.componentNumber = true
  const raw = draft.isRaw ? rawGeometrySchema.safeParse({ ...placed(draft, ['raw'])['raw'], ...draft.raw }) : undefined
  if (raw && !raw.success) note(raw.error.issues, ['raw'])
  return {
    faults,
    ...(form.success && Object.keys(faults).length === 0 ? { form: form.data } : {}),
    ...(raw?.success === true ? { raw: raw.data } : {}),
  }
}

/** Of a calibration nothing: it was measured in one image, and the next one may be of another scale. */
export function withoutCalibration(draft: Draft): Draft {
  if (draft.pixelSize !== 'calibrated') return draft
  const { rowMm: _row, columnMm: _column, calibration: _words, ...values } = draft.values
  return { ...draft, pixelSize: 'none', values }
}

/** Whether the draft has become one of another component or inspection, and has the calibration yet with which files were sent. */
export function isSentCalibration(draft: Draft, sent: Draft): boolean {
  const isSame = (group: 'component' | 'inspection' | 'pixelSize'): boolean =>
    JSON.stringify(placed(draft, [group])[group]) === JSON.stringify(placed(sent, [group])[group])
  return isSame('pixelSize') && !(isSame('component') && isSame('inspection'))
}

/** What a template keeps of the form; undefined when a field is not what it has to be. */
export function templateOf(draft: Draft): ConversionForm | undefined {
  const kept = withoutCalibration(draft)
  const values = Object.fromEntries(Object.entries(kept.values).filter(([key]) => !ofOnePart.includes(key as FieldKey)))
  const form = conversionFormSchema.safeParse(formOf({ ...kept, values }))
  return form.success ? form.data : undefined
}

/** The draft with a template's words in place of its own; what a template does not keep stays as typed. */
export function withTemplate(draft: Draft, form: ConversionForm): Draft {
  const values: Draft['values'] = Object.fromEntries(
    Object.entries(draft.values).filter(([key]) => ofOnePart.includes(key as FieldKey)),
  )
  const groups = form as unknown as Record<string, Record<string, unknown> | undefined>
  for (const [path, key] of keyByPath) {
    const [group = '', name = ''] = path.split('.')
    const value = groups[group]?.[name]
    if (!ofOnePart.includes(key) && (typeof value === 'string' || typeof value === 'number'))
      values[key] = String(value)
  }
  return withoutCalibration({ ...draft, values, source: form.source, pixelSize: form.pixelSize.kind })
}
