import { dicomWebBase, projectDicomWebBase } from '@instandt/api'

let project: string | undefined

/** Slug of the project that files chosen next go to; undefined leaves it to the server. */
export const uploadProject = (): string | undefined => project

export function setUploadProject(slug: string | undefined): void {
  project = slug
}

export const storeUrl = (slug: string | undefined): string =>
  `${slug === undefined ? dicomWebBase : projectDicomWebBase(slug)}/studies`
