// Every way to search that is asked of the archive: the standard's keys, declared ones of group 0014, the web app's list.
import type { Level } from '../../../apps/backend/src/dicomweb/qido/search-keys.ts'

export interface Shape {
  level: Level
  /** A search like it for each number: no two ask the same. */
  query: (n: number) => string
  /** Of one study, or of one series of it. */
  in?: 'study' | 'series'
  /** Many match, and no order of theirs is kept: such searches may take longer. */
  isBroad?: boolean
}

const shape = (level: Level, query: Shape['query'], more: Omit<Shape, 'level' | 'query'> = {}): Shape => ({
  level,
  query,
  ...more,
})
const day = (n: number): string => new Date(Date.UTC(2006, 0, 1 + n)).toISOString().slice(0, 10).replaceAll('-', '')

/** PS3.18 table 10.6.1-5 at the level of each key, with values that are there and values that are not. */
export const standardShapes: Shape[] = [
  shape('study', () => ''),
  shape('study', (n) => `offset=${n * 37}`),
  shape('study', (n) => `StudyDate=${day(n)}`),
  shape('study', (n) => `StudyDate=${day(n)}-${day(n + 31)}`),
  shape('study', (n) => `StudyDate=-${day(n + 31)}`),
  shape('study', () => 'StudyDate=19990101'),
  shape('study', (n) => `StudyTime=${String(n % 24).padStart(2, '0')}1500`),
  shape('study', (n) => `StudyTime=0${n % 8}16-0${n % 8}59`),
  shape('study', (n) => `StudyDate=${day(n)}-${day(n + 400)}&StudyTime=10-11`),
  shape('study', (n) => `AccessionNumber=A-${4000 + n}`),
  shape('study', (n) => `AccessionNumber=A-${4000 + n}*`),
  shape('study', () => 'AccessionNumber=none'),
  shape('study', () => 'ModalitiesInStudy=DX'),
  shape('study', () => 'ModalitiesInStudy=US'),
  shape('study', () => 'ModalitiesInStudy=CT'),
  shape('study', (n) => `ModalitiesInStudy=US&StudyDate=${day(n)}-${day(n + 2000)}`),
  shape('study', (n) => `ReferringPhysicianName=owner ${n % 300}`),
  shape('study', () => 'ReferringPhysicianName=nobody'),
  shape('study', (n) => `PatientName=weld ${70 + n}`),
  shape('study', (n) => `PatientName=weld ${70 + n}*`),
  shape('study', (n) => `PatientName=*eld ${770 + n}*`, { isBroad: true }),
  shape('study', (n) => `PatientName=weld ${770 + n}&fuzzymatching=true`, { isBroad: true }),
  shape('study', (n) => `PatientID=C-${70 + n}`),
  shape('study', (n) => `PatientID=C-${70 + n}*`),
  shape('study', (n) => `PatientID=*-${7700 + n}`),
  shape('study', () => 'PatientID=none'),
  shape('study', (n) => `StudyInstanceUID=2.25.1${4000 + n},2.25.1${700 + n}`),
  shape('study', (n) => `StudyID=S${4000 + n}`),
  shape('study', (n) => `StudyDescription=Girth weld ${n}`),
  shape('study', (n) => `StudyDescription=*364${n % 10}a684f98*`),
  shape('series', () => ''),
  shape('series', () => 'Modality=DX'),
  shape('series', () => 'Modality=US'),
  shape('series', () => 'Modality=CT'),
  shape('series', (n) => `SeriesInstanceUID=2.25.1${700 + n}.2`),
  shape('series', (n) => `SeriesNumber=${1 + (n % 2)}`),
  shape('series', (n) => `SeriesNumber=${900 + n}`),
  shape('series', (n) => `PerformedProcedureStepStartDate=${day(n)}-${day(n + 10)}`),
  shape('series', (n) => `PerformedProcedureStepStartTime=0${n % 8}`),
  shape('series', (n) => `RequestAttributesSequence.ScheduledProcedureStepID=SPS-${700 + n}`),
  shape('series', (n) => `RequestAttributesSequence.RequestedProcedureID=RP-${700 + n}`),
  shape('series', () => 'RequestAttributesSequence.RequestedProcedureID=none'),
  shape('series', (n) => `PatientID=C-${70 + n}`),
  shape('series', (n) => `StudyDate=${day(n)}-${day(n + 700)}`),
  shape('series', () => '', { in: 'study' }),
  shape('instance', () => ''),
  shape('instance', (n) => `SOPInstanceUID=2.25.1${700 + n}.2.20`),
  shape('instance', () => 'SOPClassUID=1.2.840.10008.5.1.4.1.1.1.1'),
  shape('instance', () => 'SOPClassUID=1.2.840.10008.5.1.4.1.1.2'),
  shape('instance', (n) => `InstanceNumber=${1 + (n % 25)}`),
  shape('instance', (n) => `InstanceNumber=${900 + n}`),
  shape('instance', (n) => `PatientID=C-${70 + n}`),
  shape('instance', (n) => `StudyDate=${day(n)}`),
  shape('instance', (n) => `StudyDate=${day(n)}-${day(n + 700)}`),
  shape('instance', () => 'Modality=US'),
  shape('instance', (n) => `StudyDate=${day(n)}&Modality=DX`),
  shape('instance', () => '', { in: 'study' }),
  shape('instance', () => '', { in: 'series' }),
  shape('instance', (n) => `InstanceNumber=${1 + (n % 25)}`, { in: 'series' }),
]

/** Declared attributes of group 0014: at their level, from below, with other keys and with each other. */
export const declaredShapes: Shape[] = [
  shape('study', () => 'ComponentManufacturer=Maker 1'),
  shape('study', (n) => `ComponentManufacturer=Maker ${2 + (n % 39)}`),
  shape('study', () => 'ComponentManufacturer=Nobody'),
  shape('study', (n) => `ComponentManufacturer=*aker ${1 + (n % 4)}*`),
  shape('study', (n) => `ComponentManufacturer=Maker 1&PatientID=C-${70 + n}`),
  shape('study', (n) => `ComponentManufacturer=Maker 1&StudyDate=${day(n)}-${day(n + 700)}`),
  shape('series', (n) => `ComponentManufacturer=Maker ${2 + (n % 39)}`),
  shape('series', (n) => `OuterDiameter=${(1 + (n % 500)) / 8}`),
  shape('series', (n) => `OuterDiameter=${(1 + (n % 400)) / 8}..${(3 + (n % 400)) / 8}`),
  shape('series', () => 'OuterDiameter=0..1000'),
  shape('series', (n) => `OuterDiameter=${(1 + (n % 500)) / 8}&Modality=US`),
  shape('instance', () => 'ComponentManufacturer=Maker 1'),
  shape('instance', (n) => `OuterDiameter=${(1 + (n % 500)) / 8}`),
  shape('instance', (n) => `MaterialThickness=${n / 1000}`),
  shape('instance', (n) => `MaterialThickness=${n}..${n + 0.05}`),
  shape('instance', (n) => `MaterialThickness=${n}..${n + 1}`),
  shape('instance', () => 'MaterialThickness=0..'),
  shape('instance', () => 'MaterialThickness=5000..'),
  shape('instance', () => 'ComponentShape=FLAT'),
  shape('instance', () => 'ComponentShape=RARE'),
  shape('instance', () => 'ComponentShape=CYLINDER'),
  shape('instance', () => 'ComponentShape=CYL*'),
  shape('instance', (n) => `ComponentShape=FLAT&PatientID=C-${70 + n}`),
  shape('instance', (n) => `ComponentShape=FLAT&MaterialThickness=${n / 1000}`),
  shape('instance', (n) => `ComponentShape=CURVED&StudyDate=${day(n)}-${day(n + 700)}`),
  shape('instance', () => 'RepairID=R-c4ca4238a0b923820dcc509a6f75849b'),
  shape('instance', (n) => `RepairID=R-${n.toString(16).padStart(5, '0')}*`),
  shape('instance', (n) => `RepairID=*${n.toString(16).padStart(6, 'a')}*`, { isBroad: true }),
]

export const listQueries = [
  '',
  'q=weld+777',
  'q=3644a684',
  'modality=US',
  'from=20160101&to=20160131',
  'component=c-777',
  'order=a-4321',
  'owner=owner+7',
  'sort=component',
  'sort=-stored',
  'sort=order',
  'q=weld&modality=US&sort=-stored',
  'attributes=ComponentManufacturer%3DMaker+1',
  'attributes=ComponentManufacturer%3DMaker+7&modality=US',
  'attributes=ComponentManufacturer%3D*aker*&sort=component',
]
