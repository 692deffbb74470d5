import { dicomWebBase, projectDicomWebBase } from '@instandt/api'

let project: string | undefined

/** Slug of the project that the next requests go to; undefined leaves it to the server. */
export const uploadProject = (): string | undefined => project

export function setUploadProject(slug: string | undefined): void {
  project = slug
}

export const storeUrl = (): string => `${project === undefined ? dicomWebBase : projectDicomWebBase(project)}/studies`
