export const databaseTiers = ['Burstable', 'GeneralPurpose', 'MemoryOptimized'] as const
export type DatabaseTier = (typeof databaseTiers)[number]

/** vCores each tier is sold in (Azure documentation, January 2026) and the size's name. */
const sizes: Record<DatabaseTier, { cores: number[]; name: (cores: number) => string }> = {
  // B2s is the small one of two with 2 vCores; the larger, B2ms, doubles memory and price.
  Burstable: { cores: [1, 2, 4, 8, 12, 16, 20], name: (cores) => (cores === 2 ? 'B2s' : `B${cores}ms`) },
  GeneralPurpose: { cores: [2, 4, 8, 16, 32, 48, 64, 96], name: (cores) => `D${cores}ds_v5` },
  MemoryOptimized: { cores: [2, 4, 8, 16, 20, 32, 48, 64, 96], name: (cores) => `E${cores}ds_v5` },
}

export const coresOf = (tier: DatabaseTier): number[] => sizes[tier].cores

/** e.g. Standard_D4ds_v5; undefined where the tier is not sold with so many vCores. */
export function databaseSku(tier: DatabaseTier, cores: number): string | undefined {
  const size = sizes[tier]
  return size.cores.includes(cores) ? `Standard_${size.name(cores)}` : undefined
}

/** GiB a server's disk can have. */
export const databaseStorageSizes = [32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384, 32_767]
