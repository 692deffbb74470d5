import { attributesOf, type Dataset, type Element, tags } from '@instandt/dicom'
import type { Form } from './form.ts'
import { nativeBytes, type Palette, type Picture, type Spacing } from './picture.ts'

/** Image Pixel (PS3.3 C.7.6.3), pixel size, and what the picture went through before it came here. */
export function describePicture(picture: Picture, frames: number, form: Form): Dataset {
  return {
    ...attributesOf({
      SamplesPerPixel: picture.samples,
      PhotometricInterpretation: picture.photometric,
      PlanarConfiguration: picture.samples > 1 ? (picture.isPlanar === true ? 1 : 0) : undefined,
      NumberOfFrames: frames > 1 ? String(frames) : undefined,
      Rows: picture.rows,
      Columns: picture.columns,
      BitsAllocated: picture.bitsAllocated,
      BitsStored: picture.bitsStored,
      HighBit: picture.bitsStored - 1,
      PixelRepresentation: picture.isSigned ? 1 : 0,
      ImageComments: picture.note,
      ...lossyWords(picture),
    }),
    ...(picture.palette ? describePalette(picture.palette) : {}),
    ...describeSpacing(picture, form),
  }
}

/** PS3.3 C.7.6.1.1.5: once lossy, always said so. */
function lossyWords(picture: Picture): Record<string, string> {
  if (picture.lossyBytes === undefined) return {}
  const ratio = nativeBytes(picture) / picture.lossyBytes
  return {
    LossyImageCompression: '01',
    LossyImageCompressionRatio: String(Math.max(1, Number(ratio.toPrecision(4)))),
    LossyImageCompressionMethod: 'ISO_10918_1',
  }
}

/** PS3.3 C.7.6.3.1.5 and .6: number of entries, the first value they are for, bits of each. */
function describePalette({ red, green, blue }: Palette): Dataset {
  const descriptor: Element = { vr: 'US', Value: [red.length, 0, 16] }
  const data = (entries: Uint16Array): Element => ({
    vr: 'OW',
    InlineBinary: Buffer.from(entries.buffer, entries.byteOffset, entries.byteLength).toString('base64'),
  })
  return {
    [tags.redPaletteDescriptor]: descriptor,
    [tags.greenPaletteDescriptor]: descriptor,
    [tags.bluePaletteDescriptor]: descriptor,
    [tags.redPaletteData]: data(red),
    [tags.greenPaletteData]: data(green),
    [tags.bluePaletteData]: data(blue),
  }
}

const pair = ({ row, column }: Spacing): string[] => [row, column].map((value) => String(Number(value.toPrecision(9))))

/**
 * What is known of a pixel's size, where the standard keeps it: as it was scanned (0018,2010) or detected (0018,1164), or in
 * the plane of a calibration with its words (PS3.3 10.7.1.3). What nobody knows is not written: a length would be made up.
 */
function describeSpacing(picture: Picture, { pixelSize }: Form): Dataset {
  if (pixelSize.kind === 'none') return {}
  if (pixelSize.kind === 'file') {
    return picture.spacing ? attributesOf({ NominalScannedPixelSpacing: pair(picture.spacing) }) : {}
  }
  const spacing = pair({ row: pixelSize.rowMm, column: pixelSize.columnMm })
  if (pixelSize.kind === 'scanned') return attributesOf({ NominalScannedPixelSpacing: spacing })
  if (pixelSize.kind === 'detector') return attributesOf({ ImagerPixelSpacing: spacing })
  return attributesOf({
    PixelSpacing: spacing,
    PixelSpacingCalibrationType: pixelSize.by === 'known-length' ? 'FIDUCIAL' : 'GEOMETRY',
    PixelSpacingCalibrationDescription: pixelSize.description,
  })
}
