"""Files to arrays and back: tables, images, features, splits. Knows nothing of networks."""
