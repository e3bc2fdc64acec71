-- What wrk sends when a plain GET is not enough. Arguments: requests sent at a time, bytes of a POST body,
-- how many different requests there are.
dofile((debug.getinfo(1, "S").source:sub(2):match("^(.*/)") or "./") .. "figures.lua")

local batches = {}
local number = 0

function init(args)
  local depth, size, kinds = tonumber(args[1]), tonumber(args[2]), tonumber(args[3])
  if size > 0 then
    wrk.method = "POST"
    wrk.body = string.rep("u", size)
  end
  for kind = 1, kinds do
    if kinds > 1 then
      wrk.path = "/item/" .. kind
      wrk.headers["X-Request-Id"] = "7d1f3c52b7f1-" .. kind
    end
    batches[kind] = string.rep(wrk.format(), depth)
  end
end

function request()
  number = number % #batches + 1
  return batches[number]
end
