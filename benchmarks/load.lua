-- What wrk sends when a plain GET is not enough. Arguments: requests sent at a time, bytes of a POST body.
dofile((debug.getinfo(1, "S").source:sub(2):match("^(.*/)") or "./") .. "figures.lua")

local batch

function init(args)
  local depth, size = tonumber(args[1]), tonumber(args[2])
  if size > 0 then
    wrk.method = "POST"
    wrk.body = string.rep("u", size)
  end
  batch = string.rep(wrk.format(), depth)
end

function request()
  return batch
end
