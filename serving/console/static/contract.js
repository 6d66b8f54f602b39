// What the service's OpenAPI document says of the features: names, meanings, units and ranges come from there only.

const PREFIX = "Feature_";

function feature(name, schema) {
  const choices = schema.enum?.filter((value) => value !== null);
  const kinds = [schema.type ?? []].flat();
  const [low, high] = choices ? [choices[0], choices.at(-1)] : [schema.minimum, schema.maximum];
  return {
    name,
    meaning: schema["x-meaning"] ?? schema.description ?? "",
    unit: schema["x-unit"] ?? "",
    sensitive: schema["x-sensitive"] === true,
    formula: schema["x-derived-from"] ?? null,
    nullable: choices ? schema.enum.includes(null) : kinds.includes("null"),
    kind: choices ? "binary" : kinds.includes("integer") ? "integer" : "continuous",
    choices,
    low,
    high,
    step: kinds.includes("integer") ? 1 : fine((high - low) / 400),
  };
}

/** The next smaller of 1, 2 and 5 times a power of ten. */
function fine(size) {
  const power = 10 ** Math.floor(Math.log10(size));
  return Number((power * [5, 2, 1].find((each) => each * power <= size)).toPrecision(1));
}

/** The features by name, those that the model needs first; the unit of the price; the example of a house. */
export function readContract(openapi) {
  const schemas = openapi.components.schemas;
  const described = Object.entries(schemas).filter(([name]) => name.startsWith(PREFIX));
  const features = new Map(
    described.map(([name, each]) => [name.slice(PREFIX.length), feature(name.slice(PREFIX.length), each)]),
  );
  const row = schemas.Prediction.properties.data.properties.ndarray;
  return {
    features,
    used: schemas.RawFeatures.properties.names.const,
    stored: schemas.AllFeatures.properties.names.const,
    unit: row["x-unit"] ?? "",
    example: String(schemas.house_id.examples?.[0] ?? ""),
  };
}
