"""Pure mathematics on arrays: the network, its losses, its optimizers. Nothing here touches the world."""
