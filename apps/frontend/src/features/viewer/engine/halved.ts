/** Pixels left of an edge after halving. */
export const halved = (edge: number, times: number): number => Math.ceil(edge / 2 ** times)
