"""How answers look: a file a thing, as text, as HTML or as a picture. They show and decide nothing."""
