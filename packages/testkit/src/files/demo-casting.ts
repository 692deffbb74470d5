import { bytesOf, writeDemo, type DemoFile, type DemoInspection } from './demo-file.ts'
import { renderCasting } from './casting-ct.ts'

/** A casting in CT slices, one file each. */
export function* castingFiles(seed: number): Generator<DemoFile> {
  const casting = renderCasting(seed)
  const { rows, columns, spacing, pores, shrinkage } = casting
  const inspection: DemoInspection = {
    key: 'casting',
    seed,
    componentId: 'GK-0457-003',
    componentName: 'Pumpengehäuse^Größe 3',
    attributes: {
      StudyDate: '20260611',
      StudyTime: '141500',
      StudyID: 'CT-26-0611',
      StudyDescription: 'Porosität Erstmuster, VDG P 202',
      AccessionNumber: 'A-77345',
      InstitutionName: 'Gießerei Süd',
      ReferringPhysicianName: 'Pumpenwerk^Köln',
      PhysiciansOfRecord: 'Gießerei Süd',
      PatientBirthDate: '20260602',
      EthnicGroup: 'AlSi10Mg',
      PatientComments: 'Erstmuster, Kavität 3',
      ComponentManufacturer: 'Gießerei Süd',
      ComponentManufacturingProcedure: 'Druckguss',
      MaterialGrade: 'EN AC-43400',
      ComponentShape: 'COMPOUND',
    },
  }
  let index = 0
  for (const slice of casting.slices()) {
    const number = index + 1
    const z = (index * spacing).toFixed(1)
    const here = [...pores, shrinkage].filter((hole) => hole.slice === index)
    yield writeDemo(inspection, {
      name: `slice-${String(number).padStart(3, '0')}`,
      series: 'stack',
      instance: number,
      sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
      spacing,
      image: { rows, columns, frame: () => bytesOf(slice) },
      attributes: {
        Modality: 'CT',
        SeriesNumber: '1',
        SeriesDescription: 'CT 0,4 mm',
        SeriesDate: '20260611',
        SeriesTime: '141800',
        AcquisitionDate: '20260611',
        AcquisitionTime: '141800',
        ContentDate: '20260611',
        ContentTime: '143500',
        Manufacturer: 'instaNDT',
        ManufacturerModelName: 'Synthetic cone beam',
        OperatorsName: 'Özdemir^Elif',
        ImageType: ['ORIGINAL', 'PRIMARY', 'AXIAL'],
        KVP: '225',
        PixelSpacing: [spacing, spacing].map(String),
        SliceThickness: String(spacing),
        SliceLocation: z,
        ImagePositionPatient: ['0', '0', z],
        ImageOrientationPatient: ['1', '0', '0', '0', '1', '0'],
        RescaleIntercept: String(casting.rescaleIntercept),
        RescaleSlope: '1',
        RescaleType: 'US',
        WindowCenter: '800',
        WindowWidth: '4200',
      },
      probeAt: [
        [1, columns >> 1, rows >> 1],
        [1, 100, 60],
        ...here.map(({ column, row }) => [1, Math.round(column), Math.round(row)] as const),
      ],
      flaws: here.map(({ column, row, diameter }) => ({
        kind: diameter === shrinkage.diameter ? 'shrinkage' : 'pore',
        frame: 1,
        column,
        row,
        diameter,
      })),
    })
    index += 1
  }
}
