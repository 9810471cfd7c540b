export const index = (entity) => entity & 0xffffffffn;
