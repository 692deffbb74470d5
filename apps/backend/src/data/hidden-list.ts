/**
 * One of a list of values, for statements that keep their plan. Inside of a subquery no planner looks into the list; where it
 * does, it takes a list of one for cheaper than any plan it keeps, and makes a new plan for every call.
 * @param place of the parameter, `$1`
 * @param type of the list, `bigint[]`
 */
export const hiddenList = (place: string, type: string): string => `any((select ${place}::${type})::${type})`
