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

/** Component, inspection, view and equipment: everything but the object itself. */
export function describeFile(request: ConvertRequest, kind: SeriesKind, origin: Origin, format: Format): Dataset {
  const { form, batch } = request
  const { component, inspection, view } = form
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
      SeriesInstanceUID: uidFor('series', study, kind),
      SeriesNumber: String(view.number ?? { film: 1, image: 1, document: 2 }[kind]),
      SeriesDate: orEmpty(date(inspection.date)),
      SeriesTime: orEmpty(time(inspection.time)),
      SeriesDescription: orAbsent(view.description),
      OperatorsName: orAbsent(view.operator),
      Modality: kind === 'film' ? 'CR' : kind === 'document' ? 'DOC' : (orAbsent(view.modality) ?? 'OT'),
    }),
    ...describeEquipment(form, kind, origin),
    ...describeOriginal(request, format),
  }
}

/** General Equipment, and SC Equipment (PS3.3 C.7.5.1, C.8.6.1). */
function describeEquipment(form: Form, kind: SeriesKind, origin: Origin): Dataset {
  const { equipment, source } = form
  const manufacturer = orAbsent(equipment.manufacturer) ?? origin.manufacturer
  const model = orAbsent(equipment.model) ?? origin.model
  const isScanned = source === 'film' || source === 'scan'
  const scanned = kind === 'document' ? 'SD' : 'SI'
  return attributesOf({
    // Says to readers that the words of DICONDE count; the program that wrote it comes after.
    SoftwareVersions: ['DICONDE21', 'instaNDT', ...(origin.software === undefined ? [] : [origin.software])],
    Manufacturer: orEmpty(manufacturer),
    ManufacturerModelName: orAbsent(model),
    DeviceSerialNumber: orAbsent(equipment.serialNumber),
    StationName: orAbsent(equipment.station),
    ConversionType: source === 'film' && kind !== 'document' ? 'DF' : isScanned ? scanned : 'WSD',
    SecondaryCaptureDeviceManufacturer: isScanned ? manufacturer : undefined,
    SecondaryCaptureDeviceManufacturerModelName: isScanned ? model : undefined,
    DateOfLastCalibration: kind === 'film' ? date(form.digitiser?.calibratedOn) : undefined,
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
