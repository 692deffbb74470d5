import { attributesOf, type Dataset, type Element } from '@instandt/dicom'
import type { ConvertRequest, Form } from './form.ts'
import type { Origin } from './picture.ts'
import type { Format } from './read-file.ts'
import { uidFor } from './uid.ts'

type Text = string | undefined

/** Present and empty when nothing is known: type 2 (PS3.5 7.4.3). */
const orEmpty = (value: Text): string | string[] => (value === undefined || value === '' ? [] : value)
const orAbsent = (value: Text): Text => (value === '' ? undefined : value)
const date = (value: Text): Text => orAbsent(value)?.replaceAll('-', '')
const time = (value: Text): Text => orAbsent(value)?.replaceAll(':', '')
const decimal = (value: number): string => String(Number(value.toPrecision(9)))

/** What belongs together in one view: a series has one modality and one class of equipment. */
export type SeriesKind = 'film' | 'image' | 'document'

/**
 * Component, inspection, view and equipment: everything but the object itself. `isOneOfMany`: objects of one file, which is a
 * view of its own then: its pages would stand among those of others.
 */
export function describeFile(
  request: ConvertRequest,
  kind: SeriesKind,
  origin: Origin,
  format: Format,
  isOneOfMany = false,
): Dataset {
  const { form, batch } = request
  const { component, inspection, view } = form
  const machine = machineOf(form, origin)
  // Of two components there are never images in one inspection, whatever batch they come in.
  const study = uidFor('study', batch, component.number ?? '', component.name ?? '')
  return {
    ...attributesOf({
      SpecificCharacterSet: 'ISO_IR 192',
      PatientName: orEmpty(component.name),
      PatientID: orEmpty(component.number),
      PatientBirthDate: orEmpty(date(component.manufacturingDate)),
      PatientSex: [],
      EthnicGroup: orEmpty(component.material),
      PatientComments: orAbsent(component.notes),
      ComponentManufacturer: orAbsent(component.manufacturer),
      StudyInstanceUID: study,
      StudyDate: orEmpty(date(inspection.date)),
      StudyTime: orEmpty(time(inspection.time)),
      AccessionNumber: orEmpty(inspection.orderNumber),
      StudyID: orEmpty(inspection.number),
      StudyDescription: orAbsent(inspection.description),
      ReferringPhysicianName: orEmpty(component.owner),
      PhysiciansOfRecord: orEmpty(inspection.company),
      NameOfPhysiciansReadingStudy: orEmpty(inspection.certifyingInspector),
      PerformingPhysicianName: orAbsent(inspection.inspector),
      SeriesInstanceUID: uidFor('series', study, kind, ofView(form, machine), isOneOfMany ? request.id : ''),
      SeriesNumber: String(view.number ?? { film: 1, image: 1, document: 2 }[kind]),
      SeriesDate: orEmpty(date(inspection.date)),
      SeriesTime: orEmpty(time(inspection.time)),
      SeriesDescription: orAbsent(view.description) ?? (isOneOfMany ? titleOf(request.name) : undefined),
      OperatorsName: orAbsent(view.operator),
      Modality: kind === 'film' ? 'CR' : kind === 'document' ? 'DOC' : (orAbsent(view.modality) ?? 'OT'),
    }),
    ...describeEquipment(form, kind, machine),
    ...describeOriginal(request, format),
  }
}

interface Machine {
  manufacturer?: Text
  model?: Text
  serialNumber?: Text
  station?: Text
  /** That wrote the file. */
  software?: Text
}

/** What made the picture: as somebody said, else as the file says. */
const machineOf = ({ equipment }: Form, origin: Origin): Machine => ({
  manufacturer: orAbsent(equipment.manufacturer) ?? origin.manufacturer,
  model: orAbsent(equipment.model) ?? origin.model,
  serialNumber: orAbsent(equipment.serialNumber),
  station: orAbsent(equipment.station),
  software: origin.software,
})

/** All that the standard keeps of a series: of two views, or two machines, there are never images in one. */
function ofView({ view, source, digitiser }: Form, machine: Machine): string {
  const said = [view, machine, { source }, digitiser ?? {}].map((group) =>
    Object.entries(group)
      .filter(([, value]) => value !== undefined && value !== '')
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )
  return JSON.stringify(said)
}

/** A file's name as a text of 64 signs (LO). */
const titleOf = (name: string): Text => {
  const [last = ''] = name.split('/').slice(-1)
  return orAbsent(
    last
      .replace(/\.[^.]*$/, '')
      .replaceAll(/[\p{Cc}\\]/gu, ' ')
      .trim()
      .slice(0, 64)
      .trim(),
  )
}

/** General Equipment, and SC Equipment (PS3.3 C.7.5.1, C.8.6.1). */
function describeEquipment({ source, digitiser }: Form, kind: SeriesKind, machine: Machine): Dataset {
  const { manufacturer, model, serialNumber, station, software } = machine
  const isScanned = source === 'film' || source === 'scan'
  const scanned = kind === 'document' ? 'SD' : 'SI'
  return attributesOf({
    // Says to readers that the words of DICONDE count; the program that wrote it comes after.
    SoftwareVersions: ['DICONDE21', 'instaNDT', ...(software === undefined ? [] : [software])],
    Manufacturer: orEmpty(manufacturer),
    ManufacturerModelName: orAbsent(model),
    DeviceSerialNumber: serialNumber,
    StationName: station,
    ConversionType: source === 'film' && kind !== 'document' ? 'DF' : isScanned ? scanned : 'WSD',
    SecondaryCaptureDeviceManufacturer: isScanned ? manufacturer : undefined,
    SecondaryCaptureDeviceManufacturerModelName: isScanned ? model : undefined,
    DateOfLastCalibration: kind === 'film' ? date(digitiser?.calibratedOn) : undefined,
  })
}

const block = 'INSTANDT CONVERSION'

/** A private block, since the standard has no attribute for a digitiser's class (ISO 14096-2) and density range, nor for a file. */
function describeOriginal({ form, sha256, name }: ConvertRequest, format: Format): Dataset {
  const { digitiserClass, densityFrom, densityTo } = (form.source === 'film' && form.digitiser) || {}
  const text = (vr: 'CS' | 'DS' | 'LO' | 'UT', value: Text): Element | undefined =>
    value === undefined ? undefined : { vr, Value: [value] }
  const elements: [string, Element | undefined][] = [
    ['00090010', text('LO', block)],
    ['00091001', text('CS', format.toUpperCase())],
    ['00091002', text('UT', sha256)],
    // A backslash would be no separator in UT, and a control character no text.
    // oxlint-disable-next-line no-control-regex
    ['00091003', text('UT', name.replaceAll(/[\u0000-\u001f]/g, ' '))],
    ['00091004', text('CS', digitiserClass)],
    ['00091005', text('DS', densityFrom === undefined ? undefined : decimal(densityFrom))],
    ['00091006', text('DS', densityTo === undefined ? undefined : decimal(densityTo))],
  ]
  return Object.fromEntries(elements.filter((entry): entry is [string, Element] => entry[1] !== undefined))
}
