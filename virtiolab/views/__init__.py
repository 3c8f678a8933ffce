"""How answers look: a file a thing, as text, HTML or picture. A view shows and decides nothing."""
