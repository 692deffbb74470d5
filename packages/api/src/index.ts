export * from './inspection.ts'
export * from './session.ts'
export * from './dicomweb-urls.ts'
export * from './problem.ts'
