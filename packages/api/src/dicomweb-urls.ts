/** Addresses below /dicom-web (PS3.18 10), relative to the server; UIDs need no escaping. */
export const dicomWebBase = '/dicom-web'

/** One project alone; the same addresses follow. */
export const projectDicomWebBase = (project: string): string => `${dicomWebBase}/projects/${project}`

export const studyUrl = (study: string, base: string = dicomWebBase): string => `${base}/studies/${study}`
export const seriesUrl = (study: string, series: string, base?: string): string =>
  `${studyUrl(study, base)}/series/${series}`
export const instanceUrl = (study: string, series: string, instance: string, base?: string): string =>
  `${seriesUrl(study, series, base)}/instances/${instance}`
/** A small JPEG that stands for a study, a series or an instance (PS3.18 10.4.1.1.4). */
export const thumbnailUrl = (resource: string): string => `${resource}/thumbnail`
export const framesUrl = (study: string, series: string, instance: string, frames: readonly number[]): string =>
  `${instanceUrl(study, series, instance)}/frames/${frames.join(',')}`
