/** Addresses below /dicom-web (PS3.18 10), relative to the server; UIDs need no escaping. */
export const dicomWebBase = '/dicom-web'

export const studyUrl = (study: string): string => `${dicomWebBase}/studies/${study}`
export const seriesUrl = (study: string, series: string): string => `${studyUrl(study)}/series/${series}`
export const instanceUrl = (study: string, series: string, instance: string): string =>
  `${seriesUrl(study, series)}/instances/${instance}`
export const framesUrl = (study: string, series: string, instance: string, frames: readonly number[]): string =>
  `${instanceUrl(study, series, instance)}/frames/${frames.join(',')}`
