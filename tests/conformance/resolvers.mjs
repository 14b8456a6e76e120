// What guest/apps/everything/modules/everything does, once more; the two change together.

/** The resolvers by `Type.field`: each is given what `needs` names of the parent, and the coerced arguments. */
export function resolvers({ things, fixtures }) {
  const ids = Object.keys(things).sort();
  const thing = (id) => things[id] ?? null;
  const thingOf = (id, ...types) => (types.includes(thing(id)?.__typename) ? thing(id) : null);
  const thingsWhere = (wanted) => ids.map(thing).filter(wanted);
  const atMost = (items, first) => items.slice(0, first == null ? undefined : Math.max(0, first));

  const anyThing = (_, { id }) => thing(id);
  const fixture = (_, { fixture }) => {
    if (!(fixture in fixtures)) throw new Error(`there is no fixture ${fixture}`);
    return fixtures[fixture];
  };
  const fails = (_, { message }) => {
    throw new Error(message ?? "");
  };
  const echo = (_, args) => args;

  const friends = ({ friendIds }, { first, kind }) =>
    atMost(friendIds, first).map(thing).filter((friend) => kind == null || friend?.kind === kind);
  const owner = ({ ownerId }) => thingOf(ownerId, "Person");
  const weight = ({ kilograms }, { unit }) => {
    if (unit == null) throw new Error("a weight without a unit is no weight");
    return kilograms == null ? null : kilograms * (unit === "GRAM" ? 1000 : 1);
  };
  const knows = ({ commands }, { command }) => (commands ?? []).includes(command);

  const late = (value) => ({ name }, args) => {
    if (args.at != null && !args.at.includes(name)) return value(name, args);
    if (args.outcome === "NULL") return null;
    if (args.outcome === "ERROR") throw new Error(`late at ${name}`);
    if (args.outcome === "WRONG") return "wrong";
    if (args.outcome === "HOLE") return [1, null];
    return value(name, args);
  };
  const lateNumber = late((name) => name.length);
  const lateList = late((name) => Array.from(name, (_, index) => index + 1));
  const lateFixture = late((name, args) => fixture(name, args));

  return {
    "Query.dog": (_, { id }) => thingOf(id, "Dog"),
    "Query.cat": (_, { id }) => thingOf(id, "Cat"),
    "Query.parrot": () => thingOf("parrot-1", "Parrot"),
    "Query.person": (_, { id }) => thingOf(id, "Person"),
    "Query.animal": (_, { id }) => thingOf(id, "Dog", "Cat", "Parrot"),
    "Query.animals": (_, { kinds, first }) =>
      atMost(thingsWhere(({ kind }) => kind && (kinds == null || kinds.includes(kind))), first),
    "Query.pet": anyThing,
    "Query.node": anyThing,
    "Query.named": (_, { ids }) => ids.map(thing),
    "Query.find": (_, { by }) => {
      if ("id" in by) return [thing(by.id)].filter(Boolean);
      if ("ids" in by) return by.ids.map(thing).filter(Boolean);
      if ("name" in by) return thingsWhere(({ name }) => name === by.name);
      return null;
    },
    "Query.search": (_, { text, first }) => atMost(thingsWhere(({ name }) => name?.includes(text ?? "")), first),
    "Query.shape": fixture,
    "Query.shapeR": fixture,
    "Query.shapes": fixture,
    "Query.shapes_rr": fixture,
    "Query.grid": fixture,
    "Query.any": fixture,
    "Query.anys": fixture,
    "Query.nodes": fixture,
    "Query.numbers": fixture,
    "Query.fails": fails,
    "Query.old": () => "old",
    "Query.scalars": echo,
    "Query.required": echo,
    "Query.defaults": echo,
    "Query.lists": echo,
    "Query.requiredLists": echo,
    "Query.filtered": echo,
    "Query.strict": echo,
    "Query.by": echo,
    "Mutation.add": (_, { values }) => values.reduce((sum, value) => sum + value, 0),
    "Mutation.rename": (_, { id, ...given }) => thing(id) && { ...thing(id), ...given },
    "Mutation.failing": fails,
    "Mutation.shape": fixture,
    "Mutation.write": (_, args) => ({ got: args, shape: fixtures.plain, query: {} }),
    "Dog.friends": friends,
    "Dog.owner": owner,
    "Dog.weight": weight,
    "Dog.knows": knows,
    "Dog.houseTrained": ({ id }, { atOtherHomes }) => {
      if (atOtherHomes == null) throw new Error("nobody knows where that is");
      return String(id).endsWith("1") === atOtherHomes;
    },
    "Cat.friends": friends,
    "Cat.owner": owner,
    "Cat.weight": weight,
    "Cat.knows": knows,
    "Parrot.words": ({ vocabulary }, { startingWith, most }) =>
      atMost(vocabulary.filter((word) => word.startsWith(startingWith ?? "")), most),
    "Parrot.friends": friends,
    "Parrot.weight": weight,
    "Person.pets": ({ id }, { kinds }) =>
      thingsWhere(({ ownerId, kind }) => ownerId === id && kind && (kinds == null || kinds.includes(kind))),
    "Person.greeting": ({ name, nickname }, { other, loud }) =>
      `${loud === true ? "HELLO" : "Hello"} ${other}, I am ${name ?? nickname}`,
    "Shape.late": lateNumber,
    "Shape.lateR": lateNumber,
    "Shape.lateList_oo": lateList,
    "Shape.lateList_or": lateList,
    "Shape.lateList_rr": lateList,
    "Shape.lateChild": lateFixture,
    "Shape.lateChildR": lateFixture,
    "Shape.lateChildren": lateFixture,
    "Shape.lateGrid": lateFixture,
    "Shape.lateAny": lateFixture,
  };
}
