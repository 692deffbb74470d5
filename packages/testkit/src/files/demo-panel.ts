import { attributesOf } from '@instandt/dicom'
import { sequenceOf } from './build-instance.ts'
import { writeDemo, type DemoFile, type DemoInspection, type Flaw } from './demo-file.ts'
import { renderCscan } from './ultrasonic-cscan.ts'

const rleLossless = '1.2.840.10008.1.2.5'

/** A panel's C-scan: echo heights of all depth gates as frames, and the machine's colours, compressed. */
export function* panelFiles(seed: number): Generator<DemoFile> {
  const scan = renderCscan(seed)
  const { rows, columns, spacing, frames, depthStep, delaminations, backWallColours } = scan
  const inspection: DemoInspection = {
    key: 'panel',
    seed,
    componentId: 'SP-7A/0219',
    componentName: 'Spoiler 7A^Außenhaut=左翼',
    attributes: {
      StudyDate: '20260703',
      StudyTime: '080500',
      StudyID: 'UT-26-0703',
      StudyDescription: 'C-scan after impact, 6 mm CFRP',
      AccessionNumber: 'A-78004',
      InstitutionName: 'Aéro Contrôle Île-de-France',
      ReferringPhysicianName: 'Łódź Aero^Naprawy',
      PhysiciansOfRecord: 'Aéro Contrôle',
      PatientBirthDate: '20240115',
      EthnicGroup: 'CFRP',
      ComponentManufacturer: 'Aérostructures Ñandú',
      ComponentManufacturingProcedure: 'Autoclave, prepreg',
      MaterialThickness: '6',
      ComponentShape: 'FLAT',
      RepairID: 'R-0219-1',
    },
  }
  const common = {
    Modality: 'US',
    SeriesDate: '20260703',
    SeriesTime: '081000',
    ContentDate: '20260703',
    ContentTime: '082200',
    Manufacturer: 'instaNDT',
    ManufacturerModelName: 'Synthetic immersion tank',
    OperatorsName: 'Núñez^Inés',
    PixelSpacing: [spacing, spacing].map(String),
  }
  const flawAt = (frame: number): Flaw[] =>
    delaminations
      .filter(({ depth }) => frame === 0 || Math.ceil(depth / depthStep) === frame)
      .map(({ column, row, halfWidth, halfHeight }) => ({
        kind: 'delamination',
        frame: Math.max(1, frame),
        column,
        row,
        diameter: 2 * Math.max(halfWidth, halfHeight),
      }))
  const stackFlaws = frames.flatMap((_, at) => flawAt(at + 1))
  yield writeDemo(inspection, {
    name: 'depth-gates',
    series: 'gates',
    instance: 1,
    sopClassUid: '1.2.840.10008.5.1.4.1.1.3.1',
    spacing,
    image: { rows, columns, bitsAllocated: 8, frames: frames.length, frame: (index) => frames[index] as Uint8Array },
    attributes: {
      ...common,
      SeriesNumber: '1',
      SeriesDescription: `Amplitude, ${frames.length} gates of ${depthStep} mm`,
      WindowCenter: '128',
      WindowWidth: '256',
    },
    sequences: sequenceOf('ReceiveTransducerSequence', [
      attributesOf({ NominalFrequency: '5', NumberOfElements: 1, ElementShape: 'CIRCULAR' }),
    ]),
    probeAt: [
      [1, 0, 0],
      [frames.length, columns >> 1, rows >> 1],
      ...stackFlaws.map(({ frame, column, row }) => [frame, column, row] as const),
    ],
    flaws: stackFlaws,
  })
  yield writeDemo(inspection, {
    name: 'back-wall',
    series: 'back wall',
    instance: 1,
    sopClassUid: '1.2.840.10008.5.1.4.1.1.6.1',
    transferSyntaxUid: rleLossless,
    spacing,
    image: { rows, columns, bitsAllocated: 8, samplesPerPixel: 3, frame: () => backWallColours },
    attributes: { ...common, SeriesNumber: '2', SeriesDescription: 'Back-wall echo' },
    probeAt: [
      [1, 0, 0],
      [1, columns >> 1, rows >> 1],
      ...flawAt(0).map(({ column, row }) => [1, column, row] as const),
    ],
    flaws: flawAt(0),
  })
}
